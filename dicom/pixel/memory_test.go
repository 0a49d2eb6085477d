//go:build linux

package pixel

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/yuanzhen/yuanzhen/internal/testdata"
)

// decodeAlone names the file that a test process of its own decodes.
const decodeAlone = "YUANZHEN_DECODE_ALONE"

// The whole process, with the file, stays within six times the frame and 64 MB.
func TestDecodingTakesSixTimesTheFrameAtMost(t *testing.T) {
	if path := os.Getenv(decodeAlone); path != "" {
		src, frame := largest(t, path)
		if _, err := Decode(src, frame); err != nil {
			t.Fatal(err)
		}
		status, err := os.ReadFile("/proc/self/status")
		if err != nil {
			t.Fatal(err)
		}
		os.Stdout.Write(status)
		return
	}
	t.Parallel()
	root := filepath.Join(testdata.Dir(t), "dicom")
	for _, pattern := range []string{
		"wg04/*MG1_J2KI.dcm", "wg04/*VL1_J2KR.dcm", "compressed/*HTJ2KLossless_08_RGB.dcm", "wg04/*MR2_JLSL.dcm",
		"compressed/*GH133.dcm", "wg04/*SC1_JPLY.dcm", "compressed/*TestPattern_JPEG-Baseline_YBR422.dcm", "wg04/*RG3_RLE.dcm",
		"compressed/*JPEGProcess10_12*.dcm",
	} {
		paths, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil || len(paths) == 0 {
			t.Errorf("no %s", pattern)
			continue
		}
		if (strings.Contains(pattern, "J2K") || strings.Contains(pattern, "JLS")) && !builtCodecs() {
			continue
		}
		d, _ := largest(t, paths[0])
		f, err := FormatOf(d)
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
		cmd.Env = append(os.Environ(), decodeAlone+"="+paths[0])
		said, err := cmd.CombinedOutput()
		_, after, ok := strings.Cut(string(said), "VmHWM:")
		var peak int64
		if _, scan := fmt.Sscan(after, &peak); err != nil || !ok || scan != nil {
			t.Errorf("%s: %v: %s", paths[0], err, said)
			continue
		}
		peak <<= 10 // from kB
		if most := 6*f.size() + 64<<20; peak > most {
			t.Errorf("%s: %d MB for a frame of %d MB", filepath.Base(paths[0]), peak>>20, f.size()>>20)
		}
	}
}
