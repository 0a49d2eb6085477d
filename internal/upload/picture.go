package upload

import (
	"context"
	"path"
	"strings"

	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
)

// picturesMost is how many pictures of an archive that holds nothing else are
// taken for ECGs: the pages of one recording, not somebody's album.
const picturesMost = 20

// pictureEndings are how pictures and PDFs are named, in lower case.
var pictureEndings = map[string]bool{".jpg": true, ".jpeg": true, ".png": true, ".pdf": true, ".heic": true, ".heif": true}

// chosen says that a picture or PDF was sent as an ECG and does not just lie in
// a folder: it belongs to the order of an ECG, or without an order it comes by itself
// or in a batch that declares nothing but pictures.
func (s *Service) chosen(ctx context.Context, u *db.Upload) (bool, error) {
	tx := s.DB.Read(ctx)
	if u.Order != "" {
		o, err := tx.Order(u.Order)
		if err == nil {
			return o.Kind != hub.Image, nil
		}
		if hub.KindOf(err) != hub.NotFound {
			return false, err
		}
	}
	if u.Batch == "" {
		return true, nil
	}
	files, err := tx.BatchFiles(u.Batch)
	if err != nil || len(files) > picturesMost {
		return false, err
	}
	for _, f := range files {
		if !pictureEndings[strings.ToLower(path.Ext(f.Path))] {
			return false, nil
		}
	}
	return true, nil
}
