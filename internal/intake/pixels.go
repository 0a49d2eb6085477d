package intake

import (
	"fmt"
	"strconv"

	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
	"github.com/yuanzhen/yuanzhen/internal/worklist"
)

// lack warns the task of a study of n more objects that came without pixels
// they promise. They are stored as they are and acknowledged, but the study is
// not complete: it is signed only when somebody waives what is missing.
func (s *session) lack(tx *db.Tx, k *known, n int) error {
	if n == 0 || k.task == "" {
		return nil
	}
	t, err := s.taskOf(tx, k)
	if err != nil || t == nil {
		return err
	}
	return worklist.Touch(tx, hub.System, t, "task.arrived", "pixels missing", func(t *hub.Task) {
		t.Warnings = withoutPixels(t.Warnings, n)
		if t.Open() || t.State == hub.Draft || t.State == hub.Uploading { // what is signed stays
			t.Complete = false
		}
	})
}

// withoutPixels adds n objects to the warning that counts those without
// pixels.
func withoutPixels(warnings []hub.Warning, n int) []hub.Warning {
	kept := []hub.Warning{}
	for _, w := range warnings {
		if w.Code != hub.PixelsMissing {
			kept = append(kept, w)
		} else if before, err := strconv.Atoi(w.Values["instances"]); err == nil {
			n += before
		}
	}
	return append(kept, hub.Warning{Code: hub.PixelsMissing, Values: map[string]string{"instances": strconv.Itoa(n),
		"zh": fmt.Sprintf("%d 个图像文件缺少文件头所声明的像素数据，请从设备重新发送；补不全时须说明理由方可签发。", n),
		"en": fmt.Sprintf("Images without the pixels that their headers declare: %d. Send them again from the device; to sign without them, say why.", n)}})
}
