// Verifies checkpoints and proofs with golang.org/x/mod/sumdb: one JSON object a line in, one line out, "ok" or what is wrong.
package main

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type question struct {
	Key    string   // a verifier key
	Note   []byte   // a signed checkpoint
	Leaf   []byte   // the bytes of an entry, for a proof of inclusion
	Index  int64    // where the entry stands
	Old    int64    // the size of an older tree, for a proof of consistency
	Root   []byte   // the root of the older tree
	Hashes [][]byte // the proof
}

func hash(value []byte) (h tlog.Hash) {
	copy(h[:], value)
	return h
}

func answer(q question) error {
	verifier, err := note.NewVerifier(q.Key)
	if err != nil {
		return err
	}
	opened, err := note.Open(q.Note, note.VerifierList(verifier))
	if err != nil {
		return err
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 || lines[0] != verifier.Name() {
		return fmt.Errorf("not a checkpoint of this log")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return err
	}
	root, err := base64.StdEncoding.DecodeString(lines[2])
	if err != nil {
		return err
	}
	hashes := make([]tlog.Hash, len(q.Hashes))
	for i, each := range q.Hashes {
		hashes[i] = hash(each)
	}
	if q.Leaf != nil {
		return tlog.CheckRecord(hashes, size, hash(root), q.Index, tlog.RecordHash(q.Leaf))
	}
	if q.Old > 0 {
		return tlog.CheckTree(hashes, size, hash(root), q.Old, hash(q.Root))
	}
	return nil
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<22)
	for lines.Scan() {
		var q question
		err := json.Unmarshal(lines.Bytes(), &q)
		if err == nil {
			err = answer(q)
		}
		if err != nil {
			fmt.Println(err)
		} else {
			fmt.Println("ok")
		}
	}
}
