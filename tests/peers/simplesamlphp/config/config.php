<?php
// What the distribution has, and then what is different here: everything of a test is in the folder that CTSEC_PEER_FOLDER names.
require '/etc/simplesamlphp/config.php';
$ours = getenv('CTSEC_PEER_FOLDER');
$place = '127.0.0.1:' . getenv('CTSEC_PEER_PORT');
$config = [
    'baseurlpath' => "http://$place/",
    'certdir' => "$ours/",
    'datadir' => "$ours/data/",
    'tempdir' => "$ours/tmp",
    'loggingdir' => "$ours/",
    'logging.handler' => 'file',
    'logging.level' => SimpleSAML\Logger::INFO,
    'metadatadir' => __DIR__ . '/../metadata',
    'metadata.sources' => [['type' => 'flatfile', 'directory' => __DIR__ . '/../metadata']],
    'module.enable' => ['core' => true, 'exampleauth' => true, 'saml' => true],
    'enable.saml20-idp' => true,
    'store.type' => 'phpsession',
    'session.phpsession.savepath' => "$ours/data",
    'session.phpsession.cookiename' => 'peer',
    'session.cookie.secure' => false,
    'secretsalt' => 'a salt for tests',
    'auth.adminpassword' => 'nobody needs it',
    'technicalcontact_email' => 'nobody@idp.example',
    'trusted.url.domains' => [$place, 'sp.example', 'testserver', 'localhost'],
    'showerrors' => true,
    'production' => false,
] + $config;
