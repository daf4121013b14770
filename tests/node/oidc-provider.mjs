// An OpenID provider on loopback for the tests: oidc-provider, with the people that it is told of.
//
// Arguments: its port, a folder (keys.json and state.json in it are what a restart finds again), and where the claims of scopes stand:
// `userinfo`, as OpenID Connect Core 5.4 has it for the code flow, or `token`, as many providers do it.
// Each line on standard input is a wish in JSON: `people` are claims by name, `now` is where the clock stands, in milliseconds, `client` is
// one to register, `kept` the kind of what is stored that is asked for. Each is answered with one line: that, by id, and since the last
// answer the paths that somebody asked for, and what the provider itself tells of refresh tokens and grants.
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import Provider from 'oidc-provider';

console.info = console.log = console.error; // standard output is for answers
const [port, folder, claimsIn] = process.argv.slice(1);
let people = {};

const read = (name, missing) => {
  const file = join(folder, name);
  if (!existsSync(file)) writeFileSync(file, JSON.stringify(missing()));
  return JSON.parse(readFileSync(file, 'utf8'));
};
const newKey = (type, options, more) => ({
  ...generateKeyPairSync(type, options).privateKey.export({ format: 'jwk' }), kid: randomBytes(6).toString('hex'), use: 'sig', ...more,
});
const keys = read('keys.json', () => [
  newKey('rsa', { modulusLength: 2048 }),
  newKey('ec', { namedCurve: 'P-256' }, { alg: 'ES256' }),
  newKey('ed25519', {}, { alg: 'EdDSA' }),
]);
const state = read('state.json', () => ({}));
const keep = () => writeFileSync(join(folder, 'state.json'), JSON.stringify(state));

let stands = null;
const runs = Date.now;
Date.now = () => stands ?? runs();

class Kept {
  constructor(model) { this.model = model; }

  key(id) { return `${this.model}:${id}`; }

  async find(id) { return structuredClone(state[this.key(id)]); }

  async findByUid(uid) {
    return structuredClone(Object.entries(state).find(([key, value]) => key.startsWith(`${this.model}:`) && value.uid === uid)?.[1]);
  }

  async upsert(id, value) { state[this.key(id)] = JSON.parse(JSON.stringify(value)); keep(); }

  async consume(id) { state[this.key(id)].consumed = Math.floor(Date.now() / 1000); keep(); }

  async destroy(id) { delete state[this.key(id)]; keep(); }

  async revokeByGrantId(grant) {
    for (const [key, value] of Object.entries(state)) {
      if (key.startsWith(`${this.model}:`) && value.grantId === grant) delete state[key];
    }
    keep();
  }
}

// What somebody consented to in a connected app lasts for a thousand refreshes.
const grantLife = (_, grant) => (grant.clientId === 'a-connected-app' ? 30 * 86400 : 86400);

const provider = new Provider(`http://127.0.0.1:${port}`, {
  adapter: Kept,
  jwks: { keys },
  findAccount: (_, id) => people[id] && { accountId: id, claims: () => ({ sub: id, ...people[id] }) },
  scopes: ['openid', 'offline_access'],
  claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'], groups: ['groups'] },
  conformIdTokenClaims: claimsIn !== 'token',
  pkce: { required: () => true },
  rotateRefreshToken: true,
  enabledJWA: { idTokenSigningAlgValues: ['RS256', 'ES256', 'EdDSA'], clientAuthSigningAlgValues: ['ES256'] },
  clientAuthMethods: ['client_secret_basic', 'client_secret_post', 'private_key_jwt'],
  features: {
    // Tokens of programs: for a resource that is named they are JWT (RFC 9068), as those of CI systems are.
    clientCredentials: { enabled: true },
    resourceIndicators: {
      enabled: true,
      getResourceServerInfo: (_, audience) => ({
        scope: '', audience, accessTokenFormat: 'jwt', accessTokenTTL: 300, jwt: { sign: { alg: 'ES256' } },
      }),
    },
    backchannelLogout: { enabled: true }, rpInitiatedLogout: { enabled: true }, revocation: { enabled: true },
  },
  cookies: { keys: ['of a test'] },
  ttl: { AccessToken: 600, IdToken: 600, RefreshToken: 86400, Session: 86400, Interaction: 3600, Grant: grantLife },
  // Its guard against addresses of this machine is for providers of the Internet.
  fetch: (url, { dispatcher, ...options }) => fetch(url, options),
});
const asked = [];
provider.use((ctx, next) => {
  asked.push(ctx.path);
  if (ctx.get('authorization').startsWith('Basic ')) asked.push(`${ctx.path} with a secret in the header`); // it takes either
  return next();
});
for (const event of ['server_error', 'backchannel.error', 'grant.error']) provider.on(event, (_, error) => console.error(event, error));

const heard = [];
for (const event of ['refresh_token.saved', 'refresh_token.consumed', 'refresh_token.destroyed', 'grant.revoked', 'grant.error']) {
  provider.on(event, () => heard.push(event));
}

const say = (told) => process.stdout.write(`${JSON.stringify(told)}\n`);
const wishes = createInterface({ input: process.stdin });
wishes.on('line', async (line) => {
  const { client, now, kept, ...told } = JSON.parse(line);
  people = told.people;
  if (client) await provider.Client.adapter.upsert(client.client_id, client);
  if (now) stands = now;
  const stored = Object.entries(state).filter(([key]) => key.startsWith(`${kept}:`));
  say({ asked: asked.splice(0), heard: heard.splice(0), kept: Object.fromEntries(stored.map(([key, value]) => [key.slice(kept.length + 1), value])) });
});
wishes.on('close', () => process.exit(0)); // whoever started it has gone
provider.listen(Number(port), '127.0.0.1', () => say({ ready: true }));
