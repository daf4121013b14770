<?php
// Each service provider is the metadata that it gave (clients/NAME.xml), as this software itself reads it, and what the test wants of it.
foreach (glob(getenv('CTSEC_PEER_FOLDER') . '/clients/*.xml') as $file) {
    $read = SimpleSAML\Metadata\SAMLParser::parseFile($file)->getMetadata20SP();
    $wanted = json_decode(file_get_contents(substr($file, 0, -3) . 'json'), true);
    $metadata[$read['entityid']] = $wanted + $read;
}
