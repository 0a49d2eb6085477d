package disk

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"testing"

	"github.com/yuanzhen/yuanzhen/storage"
	"github.com/yuanzhen/yuanzhen/storage/storagetest"
)

// childFolder names the store of a test process that is there to be killed.
const childFolder = "YUANZHEN_TEST_DISK_CHILD"

// sendUntilKilled appends parts in groups and prints where they lie once they
// are durable.
func sendUntilKilled(dir string) {
	s, err := Open(dir)
	for seed := uint64(0); err == nil; {
		var parts []storage.Part
		first := seed
		for _, size := range []int{100, 33_700, 1_500_000} {
			var p storage.Part
			if p, err = s.Append(context.Background()); err != nil {
				break
			}
			p.Write(storagetest.Bytes(seed, size))
			if err = p.Done(); err != nil {
				break
			}
			parts = append(parts, p)
			seed++
		}
		if err == nil {
			err = s.Sync(context.Background(), parts)
		}
		for i, p := range parts {
			if err == nil {
				fmt.Println(first+uint64(i), p.Ref().Key, p.Ref().Offset, p.Ref().Length)
			}
		}
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

func TestKilledProcessKeepsWhatItAcknowledged(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for range 3 {
		child := exec.Command(os.Args[0])
		child.Env = append(os.Environ(), childFolder+"="+dir)
		child.Stderr = os.Stderr
		out, err := child.StdoutPipe()
		check(t, err)
		check(t, child.Start())
		acknowledged := map[storage.Ref]uint64{}
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			var seed uint64
			var ref storage.Ref
			if _, err := fmt.Sscan(lines.Text(), &seed, &ref.Key, &ref.Offset, &ref.Length); err != nil {
				continue // cut by the kill
			}
			acknowledged[ref] = seed
			if len(acknowledged) == 20 {
				check(t, child.Process.Kill())
			}
		}
		child.Wait()
		if len(acknowledged) < 20 {
			t.Fatalf("the process ended by itself after %d parts", len(acknowledged))
		}
		s := open(t, dir)
		for ref, seed := range acknowledged {
			storagetest.WantPart(t, s, ref, storagetest.Bytes(seed, int(ref.Length)))
		}
		check(t, s.Close())
	}
}
