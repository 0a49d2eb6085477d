package api

import (
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"
)

// serveGzip serves the compressed copy that the viewer's build made of an
// asset, when there is one and the browser takes it: browsers have no brotli
// on plain HTTP, and compressing at every request would cost the reader.
func serveGzip(w http.ResponseWriter, r *http.Request, files fs.FS, name string) bool {
	if !strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		return false
	}
	data, err := fs.ReadFile(files, name+".gz")
	if err != nil {
		return false
	}
	h := w.Header()
	h.Set("Content-Type", mime.TypeByExtension(path.Ext(name)))
	h.Set("Content-Encoding", "gzip")
	h.Set("Vary", "Accept-Encoding")
	h.Set("Content-Length", strconv.Itoa(len(data)))
	w.Write(data)
	return true
}
