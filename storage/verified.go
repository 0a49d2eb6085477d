package storage

import (
	"context"
	"errors"
	"fmt"
	"io"
)

// Verified reads the whole part at ref and hashes it on the way. At its end,
// instead of io.EOF, the reader returns ErrCorrupt if bytes are missing or their
// hash is not want. A reader that is closed early has proved nothing.
func Verified(ctx context.Context, o Objects, ref Ref, want Digest) (io.ReadCloser, error) {
	if ref.Offset < 0 || ref.Length < 0 {
		return nil, fmt.Errorf("%s: offset %d, length %d: negative", ref.Key, ref.Offset, ref.Length)
	}
	r, err := o.Get(ctx, ref.Key, ref.Offset, ref.Length)
	if err != nil {
		return nil, err
	}
	return &verifier{r: r, ref: ref, want: want, hash: NewHash(), left: ref.Length}, nil
}

type verifier struct {
	r    io.ReadCloser
	ref  Ref
	want Digest
	hash Hash
	left int64
	end  error // the verdict, once there is one
}

func (v *verifier) Read(p []byte) (int, error) {
	if v.end != nil {
		return 0, v.end
	}
	n, err := v.r.Read(p)
	v.hash.Write(p[:n])
	v.left -= int64(n)
	if errors.Is(err, io.EOF) {
		err = v.verdict()
	}
	v.end = err
	return n, err
}

func (v *verifier) verdict() error {
	if v.left != 0 {
		return fmt.Errorf("%s at offset %d: %d of %d bytes are there: %w",
			v.ref.Key, v.ref.Offset, v.ref.Length-v.left, v.ref.Length, ErrCorrupt)
	}
	if got := v.hash.Sum(); got != v.want {
		return fmt.Errorf("%s at offset %d, %d bytes: digest is %s, stored was %s: %w",
			v.ref.Key, v.ref.Offset, v.ref.Length, got, v.want, ErrCorrupt)
	}
	return io.EOF
}

func (v *verifier) Close() error { return v.r.Close() }
