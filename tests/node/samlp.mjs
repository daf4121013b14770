// An identity provider of SAML on loopback for the tests: samlp, with the people and the service providers that it is told of.
//
// Arguments: its port, and a folder with its key and certificate (idp.key, idp.crt, PEM).
// Each line on standard input is a wish in JSON: `people` are {name, format, claims} by login, `now` is where the clock stands, in
// milliseconds, `client` is a service provider by `entity`: {entity, acs, slo, certificate (PEM; its messages have to be signed then), seal
// (PEM; assertions are encrypted for it), assertion and response (whether each is signed)}. Each is answered with one line: the last errors.
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

console.info = console.log = console.warn = console.error; // standard output is for answers
const [port, folder] = process.argv.slice(1);
const Running = Date;
let stands = null;
globalThis.Date = class extends Running {
  constructor(...given) { given.length ? super(...given) : super(stands ?? Running.now()); }
  static now() { return stands ?? Running.now(); }
};
const load = createRequire(join(process.cwd(), 'package.json'));
const samlp = load('samlp');
const SessionParticipants = load('samlp/lib/sessionParticipants');
const at = `http://127.0.0.1:${port}`;
const [key, cert] = ['idp.key', 'idp.crt'].map((name) => readFileSync(join(folder, name)));
const issuer = `${at}/metadata`;
const clients = new Map();
const browsers = new Map();
let people = {};
let errors = [];

class Told {
  constructor(person) { this.person = person; }
  getClaims() { return this.person.claims; }
  getNameIdentifier() { return { nameIdentifier: this.person.name, nameIdentifierFormat: this.person.format }; }
}
Told.prototype.metadata = [];
function mapper(person) { return new Told(person); }
mapper.prototype = Told.prototype;
const escaped = (text) => text.replace(/[&<>"]/g, (each) => `&#${each.charCodeAt(0)};`);
const page = (fields, action) => `<form method="post" action="${action}">${Object.entries(fields).map(([name, value]) =>
  `<input type="${value === null ? 'text' : 'hidden'}" name="${name}" value="${escaped(value ?? '')}">`).join('')}</form>`;

const signIn = (req, res, next) => {
  const told = { ...req.query, ...req.body };
  if (told.username !== undefined) req.browser.login = told.username;
  const person = people[req.browser.login];
  if (!person) return res.send(page({ ...req.body, username: null }, escaped(req.url)));
  samlp.parseRequest(req, {}, (problem, asked) => {
    const client = problem ? undefined : clients.get(asked ? asked.issuer : told.client);
    if (!client) return next(problem ?? new Error('no such client'));
    const session = `_${randomBytes(12).toString('hex')}`;
    if (client.slo) {
      req.browser.participants.push({
        serviceProviderId: client.entity, sessionIndex: session, nameId: person.name, nameIdFormat: person.format,
        serviceProviderLogoutURL: client.slo, cert: client.certificate, binding: client.binding,
      });
    }
    samlp.auth({
      issuer, key, cert, profileMapper: mapper, signingCert: client.certificate, audience: client.entity, destination: client.acs,
      recipient: client.acs, lifetimeInSeconds: 300, sessionIndex: session, signAssertion: client.assertion, signResponse: client.response,
      encryptionCert: client.seal, encryptionPublicKey: client.sealKey, signatureAlgorithm: 'rsa-sha256', digestAlgorithm: 'sha256',
      authnContextClassRef: 'urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport',
      getUserFromRequest: () => person, getPostURL: (audience, dom, request, done) => done(null, client.acs),
    })(req, res, next);
  });
};
const signOut = (req, res, next) => samlp.logout({
  issuer, key, cert, deflate: true, signatureAlgorithm: 'rsa-sha256', digestAlgorithm: 'sha256',
  protocolBinding: 'urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect',
  sessionParticipants: new SessionParticipants(req.browser.participants),
  clearIdPSession: (done) => { req.browser.login = undefined; done(); },
})(req, res, next);
const metadata = samlp.metadata({
  issuer, cert, profileMapper: mapper, redirectEndpointPath: '/sso', postEndpointPath: '/sso',
  logoutEndpointPaths: { redirect: '/slo', post: '/slo' },
});
const routes = { '/metadata': metadata, '/sso': signIn, '/slo': signOut };

const server = createServer(async (req, res) => {
  const url = new URL(req.url, at);
  let body = '';
  for await (const part of req) body += part;
  Object.assign(req, {
    query: Object.fromEntries(url.searchParams), body: Object.fromEntries(new URLSearchParams(body)), protocol: 'http', originalUrl: req.url,
  });
  let name = /browser=([0-9a-f]+)/.exec(req.headers.cookie ?? '')?.[1];
  if (!browsers.has(name)) browsers.set(name = randomBytes(8).toString('hex'), { participants: [], session: {} });
  req.browser = browsers.get(name);
  req.session = req.browser.session;
  res.setHeader('set-cookie', `browser=${name}`);
  res.setHeader('content-type', 'text/html');
  res.set = (header, value) => res.setHeader(header, value);
  res.send = (said) => (typeof said === 'number' ? res.writeHead(said).end() : res.end(said));
  res.redirect = (place) => res.writeHead(302, { location: place }).end();
  const failed = (problem) => { errors.push(String(problem?.stack ?? problem)); res.writeHead(400).end(String(problem?.message ?? problem)); };
  try {
    (routes[url.pathname] ?? ((_, answer) => answer.writeHead(404).end()))(req, res, failed);
  } catch (problem) {
    failed(problem);
  }
});

const say = (told) => process.stdout.write(`${JSON.stringify(told)}\n`);
createInterface({ input: process.stdin }).on('line', (line) => {
  const wish = JSON.parse(line);
  people = wish.people ?? people;
  stands = wish.now ?? stands;
  if (wish.client) clients.set(wish.client.entity, wish.client);
  say({ errors });
  errors = [];
}).on('close', () => process.exit(0));
server.listen(Number(port), '127.0.0.1', () => say({ ready: true }));
