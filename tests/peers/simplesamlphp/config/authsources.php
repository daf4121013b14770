<?php
// The people of people.json; the password of each is the name.
$users = ['exampleauth:UserPass'];
foreach (json_decode(file_get_contents(getenv('CTSEC_PEER_FOLDER') . '/people.json'), true) as $name => $claims) {
    $users["$name:$name"] = ['uid' => [$name]] + $claims;
}
$config = ['admin' => ['core:AdminPassword'], 'people' => $users];
