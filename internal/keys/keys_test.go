package keys

import (
	"bytes"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
)

func open(t *testing.T, dir string) *Ring {
	t.Helper()
	r, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestKeysAreMadeOnceAndKept(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	first := open(t, dir)
	again := open(t, dir)

	plain := []byte("110105194912310028")
	sealed := first.Seal(plain)
	if bytes.Contains(sealed, plain) {
		t.Fatal("the sealed form shows the text")
	}
	if got, err := again.Unseal(sealed); err != nil || !bytes.Equal(got, plain) {
		t.Fatalf("after a restart: %q, %v", got, err)
	}
	if first.IndexHash("x1") != again.IndexHash("x1") {
		t.Error("the index hash changed over a restart")
	}
	if runtime.GOOS == "windows" {
		return
	}
	for name, want := range map[string]os.FileMode{"keys": 0o700, "keys/data.key": 0o600, "keys/master.key": 0o600} {
		if st, err := os.Stat(filepath.Join(dir, name)); err != nil || st.Mode().Perm() != want {
			t.Errorf("%s: %v, %v, want %v", name, st.Mode().Perm(), err, want)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "keys-new-*")); len(left) != 0 {
		t.Errorf("left over: %v", left)
	}
}

func TestProcessesStartingTogetherAgreeOnOneRing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	prints := make([]string, 8)
	var wg sync.WaitGroup
	for i := range prints {
		wg.Go(func() {
			r, err := Open(dir)
			if err != nil {
				t.Error(err)
				return
			}
			prints[i] = r.fingerprint()
		})
	}
	wg.Wait()
	for _, p := range prints {
		if p != prints[0] {
			t.Fatalf("two rings from one folder: %v", prints)
		}
	}
}

func TestMissingOrOpenKeyFileIsRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	open(t, dir)
	path := filepath.Join(dir, "keys", dataFile)
	if runtime.GOOS != "windows" {
		if err := os.Chmod(path, 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(dir); err == nil || !strings.Contains(err.Error(), "0600") {
			t.Errorf("readable by everybody: %v", err)
		}
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir); err == nil || !strings.Contains(err.Error(), dataFile) {
		t.Errorf("missing: %v", err)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("a new data key was made over old data")
	}
}

func TestChangedSealedValueDoesNotOpen(t *testing.T) {
	t.Parallel()
	r := open(t, t.TempDir())
	sealed := r.Seal([]byte("13800001234"))
	for i := range sealed {
		bad := bytes.Clone(sealed)
		bad[i] ^= 1
		if _, err := r.Unseal(bad); !errors.Is(err, ErrSealed) {
			t.Fatalf("byte %d changed: %v", i, err)
		}
		if _, err := r.Unseal(sealed[:i]); i > 0 && !errors.Is(err, ErrSealed) {
			t.Fatalf("cut to %d: %v", i, err)
		}
	}
	if bytes.Equal(sealed, r.Seal([]byte("13800001234"))) {
		t.Error("sealing twice gives the same bytes: equal numbers can be seen")
	}
	if r.Seal(nil) != nil {
		t.Error("nothing was sealed into something")
	}
	if got, err := r.Unseal(nil); got != nil || err != nil {
		t.Errorf("Unseal(nil) = %q, %v", got, err)
	}
}

func TestOldVersionsStillOpenAfterANewDataKey(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	sealed := open(t, dir).Seal([]byte("old"))
	path := filepath.Join(dir, "keys", dataFile)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text = append(text, "2 "+base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{7}, secretSize))+"\n"...)
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	r := open(t, dir)
	if got, err := r.Unseal(sealed); err != nil || string(got) != "old" {
		t.Errorf("old value: %q, %v", got, err)
	}
	if fresh := r.Seal([]byte("new")); fresh[1] != 2 {
		t.Errorf("sealed with key %d, want the newest", fresh[1])
	}
}

func TestIndexHashIgnoresCaseAndSpace(t *testing.T) {
	t.Parallel()
	r := open(t, t.TempDir())
	want := r.IndexHash("11010519491231002X")
	if got := r.IndexHash(" 11010519491231002x\n"); got != want {
		t.Errorf("%q and %q", got, want)
	}
	if !strings.HasPrefix(want, "1:") || len(want) != 2+64 {
		t.Errorf("form of %q", want)
	}
	if r.IndexHash("  ") != "" {
		t.Error("no number must have no hash")
	}
	if other := open(t, t.TempDir()).IndexHash("11010519491231002X"); other == want {
		t.Error("two hubs hash alike: the hash is not keyed")
	}
}

func TestEachDoctorHasAnOwnKey(t *testing.T) {
	t.Parallel()
	r := open(t, t.TempDir())
	msg := []byte(`{"schema":"report/1"}`)
	liID, liSig := r.AccountKey("01li").Sign(msg)
	wangID, _ := r.AccountKey("01wang").Sign(msg)
	if liID == wangID {
		t.Fatal("two doctors, one key")
	}
	if err := r.Verify(liID, msg, liSig); err != nil {
		t.Error(err)
	}
	if err := r.Verify(wangID, msg, liSig); !errors.Is(err, ErrBadSignature) {
		t.Errorf("as another doctor's: %v", err)
	}
	if err := r.Verify(liID, []byte("other text"), liSig); !errors.Is(err, ErrBadSignature) {
		t.Errorf("other text: %v", err)
	}
	if err := open(t, t.TempDir()).Verify(liID, msg, liSig); !errors.Is(err, ErrUnknownKey) {
		t.Errorf("another hub: %v", err)
	}
	for _, id := range []string{"", "hub", "hub.", "account.", "account.01li", "account.01li.00", liID + "0"} {
		if err := r.Verify(id, msg, liSig); !errors.Is(err, ErrUnknownKey) {
			t.Errorf("key id %q: %v", id, err)
		}
	}
}

func TestPublicKeysVerifyWithoutTheHub(t *testing.T) {
	t.Parallel()
	r := open(t, t.TempDir())
	msg := []byte("head 1")
	for _, s := range []Signer{r.Hub(), r.AccountKey("01li")} {
		id, sig := s.Sign(msg)
		pub := s.Public()
		block, _ := pem.Decode([]byte(pub.PEM))
		if pub.ID != id || block == nil {
			t.Fatalf("%+v for %s", pub, id)
		}
		key, err := x509.ParsePKIXPublicKey(block.Bytes)
		if err != nil || !ed25519.Verify(key.(ed25519.PublicKey), msg, sig) {
			t.Errorf("%s: the exported key does not verify (%v)", id, err)
		}
	}
	if got := r.PublicKeys(); len(got) != 1 || got[0] != r.Hub().Public() {
		t.Errorf("PublicKeys() = %v", got)
	}
}

type settings map[string]string

func (s settings) Setting(name string) (string, error) { return s[name], nil }
func (s settings) SetSetting(name, value string) error { s[name] = value; return nil }

func TestDatabaseOfOtherKeysIsRefused(t *testing.T) {
	t.Parallel()
	rows := settings{}
	dir := t.TempDir()
	if err := open(t, dir).Bind(rows); err != nil {
		t.Fatal(err)
	}
	if err := open(t, dir).Bind(rows); err != nil {
		t.Errorf("same keys again: %v", err)
	}
	if err := open(t, t.TempDir()).Bind(rows); err == nil {
		t.Error("fresh keys over an old database were accepted")
	}
}

func FuzzKeyFileIsReadOrRefused(f *testing.F) {
	f.Add([]byte("1 " + base64.StdEncoding.EncodeToString(make([]byte, secretSize)) + "\n"))
	f.Add([]byte("# only a comment\n"))
	f.Add([]byte("300 AA==\n2\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		secrets, err := parseSecrets(text)
		if (err == nil) != (len(secrets) > 0) {
			t.Fatalf("%d keys with error %v", len(secrets), err)
		}
		for i, s := range secrets {
			if len(s.key) != secretSize || s.version == 0 || i > 0 && s.version <= secrets[i-1].version {
				t.Fatalf("key %d: version %d, %d bytes", i, s.version, len(s.key))
			}
		}
	})
}
