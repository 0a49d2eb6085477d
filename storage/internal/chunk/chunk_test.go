package chunk

import (
	"bytes"
	"io"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"

	"github.com/yuanzhen/yuanzhen/storage"
)

// Whatever the sizes of the writes and wherever the memory is given back in
// between, all bytes come out and the hash is theirs.
func TestEveryByteIsKeptAndHashed(t *testing.T) {
	t.Parallel()
	var pool Pool
	rapid.Check(t, func(t *rapid.T) {
		l := pool.NewSummed()
		var all, out bytes.Buffer
		for range rapid.IntRange(0, 8).Draw(t, "writes") {
			b := bytes.Repeat([]byte{byte(all.Len()), byte(all.Len() >> 8)}, rapid.IntRange(0, 70_000).Draw(t, "pairs"))
			all.Write(b)
			l.Write(b)
			switch rapid.SampledFrom([]string{"go on", "forget", "sum"}).Draw(t, "then") {
			case "forget":
				if _, err := l.WriteTo(&out); err != nil {
					t.Fatal(err)
				}
				l.Reset()
			case "sum":
				if l.Sum() != storage.DigestOf(all.Bytes()) {
					t.Fatal("the hash so far is wrong")
				}
			}
		}
		if _, err := l.WriteTo(&out); err != nil {
			t.Fatal(err)
		}
		l.Reset()
		if !bytes.Equal(out.Bytes(), all.Bytes()) {
			t.Fatalf("%d bytes went in, %d others came out", all.Len(), out.Len())
		}
		if l.Sum() != storage.DigestOf(all.Bytes()) {
			t.Fatal("the hash is wrong")
		}
	})
}

func TestReaderReadsListsAsOne(t *testing.T) {
	t.Parallel()
	var pool Pool
	var lists []*List
	var all []byte
	for i, n := range []int{0, 1, Size - 1, Size, 0, 2*Size + 7, 0} {
		l := pool.NewList()
		b := bytes.Repeat([]byte{byte(i + 1)}, n)
		l.Write(b)
		all = append(all, b...)
		lists = append(lists, l)
	}
	if err := iotest.TestReader(NewReader(lists...), all); err != nil {
		t.Error(err)
	}
	r := NewReader(lists...)
	for range 2 { // as a repeated request does
		if _, err := r.Seek(0, io.SeekStart); err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, all) {
			t.Fatalf("%d of %d bytes, error %v", len(got), len(all), err)
		}
	}
	if _, err := r.Seek(-1, io.SeekStart); err == nil {
		t.Error("seek before the start succeeded")
	}
}
