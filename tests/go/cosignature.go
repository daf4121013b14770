// Verifies cosignatures of checkpoints with golang.org/x/mod/sumdb/note: one JSON object a line in, one line out, who signed or what is wrong.
package main

import (
	"bufio"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

type question struct {
	Keys []string // verifier keys: of the log (type 1) and of witnesses (type 4)
	Note []byte   // a cosigned checkpoint
}

// witness is a note.Verifier of the type 4, which sumdb itself does not know.
type witness struct {
	name string
	hash uint32
	key  ed25519.PublicKey
}

func (w witness) Name() string    { return w.name }
func (w witness) KeyHash() uint32 { return w.hash }

func (w witness) Verify(text, signature []byte) bool {
	if len(signature) != 8+ed25519.SignatureSize {
		return false
	}
	seconds := binary.BigEndian.Uint64(signature)
	signed := fmt.Sprintf("cosignature/v1\ntime %d\n%s", seconds, text)
	return ed25519.Verify(w.key, []byte(signed), signature[8:])
}

func verifier(text string) (note.Verifier, error) {
	parts := strings.SplitN(text, "+", 3)
	key, err := base64.StdEncoding.DecodeString(parts[2])
	if err != nil || key[0] != 4 {
		return note.NewVerifier(text)
	}
	sum := sha256.Sum256(append([]byte(parts[0]+"\n"), key...))
	found := witness{parts[0], binary.BigEndian.Uint32(sum[:]), key[1:]}
	if fmt.Sprintf("%08x", found.hash) != parts[1] {
		return nil, fmt.Errorf("another key id")
	}
	return found, nil
}

func answer(q question) (string, error) {
	var known []note.Verifier
	for _, text := range q.Keys {
		each, err := verifier(text)
		if err != nil {
			return "", err
		}
		known = append(known, each)
	}
	opened, err := note.Open(q.Note, note.VerifierList(known...))
	if err != nil {
		return "", err
	}
	var names []string
	for _, each := range opened.Sigs {
		names = append(names, each.Name)
	}
	return strings.Join(names, " "), nil
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<22)
	for lines.Scan() {
		var q question
		err := json.Unmarshal(lines.Bytes(), &q)
		said := ""
		if err == nil {
			said, err = answer(q)
		}
		if err != nil {
			said = "no: " + err.Error()
		}
		fmt.Println(said)
	}
}
