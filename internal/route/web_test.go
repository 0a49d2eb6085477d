package route

import (
	"bytes"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
)

// root is a DICOMweb root that answers as it is told.
type root struct {
	mu     sync.Mutex
	answer func() (status int, body string)
	tokens []string
	stored [][]byte // data sets
}

func (s *root) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tokens = append(s.tokens, r.Header.Get("Authorization"))
	_, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || r.Method != "POST" || r.URL.Path != "/dicom-web/studies" || r.ContentLength <= 0 {
		w.WriteHeader(http.StatusTeapot)
		return
	}
	status, body := s.answer()
	if status < 300 {
		for parts := multipart.NewReader(r.Body, params["boundary"]); ; {
			part, err := parts.NextPart()
			if err != nil {
				break
			}
			b, _ := io.ReadAll(part)
			if f, err := dicom.Read(bytes.NewReader(b), dicom.Options{}); err == nil {
				s.stored = append(s.stored, b[f.DatasetOffset:])
			}
		}
	}
	w.WriteHeader(status)
	io.WriteString(w, body)
}

func (s *root) says(status int, body string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answer = func() (int, string) { return status, body }
}

func (c *clinic) web(s *root) string {
	srv := httptest.NewServer(s)
	c.t.Cleanup(srv.Close)
	return c.route(hub.Route{Name: "root", Kind: hub.RouteSTOW, URL: srv.URL + "/dicom-web/", Token: c.keys.Seal([]byte("secret"))})
}

func TestCopyReachesAWebRootOnceItServesAgain(t *testing.T) {
	t.Parallel()
	c, s := newClinic(t), &root{}
	s.says(503, "")
	id := c.web(s)
	stop := c.run()
	first := c.send("m1", "CT1", "CT", "1.7", 1)
	second := c.send("m1", "CT1", "CT", "1.7", 2)
	j := c.wait(id, "a first attempt fails", tried)
	if j.Error != "HTTP 503" || !j.NextAt.After(j.Since) {
		t.Errorf("a waiting copy: %+v", j)
	}
	stop() // a restart
	s.says(200, "{}")
	c.retry(id)
	c.run()
	c.wait(id, "both are sent", sent(2))
	if len(s.stored) != 2 || !bytes.Equal(s.stored[0], first) || !bytes.Equal(s.stored[1], second) {
		t.Errorf("%d data sets came, or other bytes", len(s.stored))
	}
	for _, token := range s.tokens {
		if token != "Bearer secret" {
			t.Errorf("token %q", token)
		}
	}

	late := c.send("m1", "CT1", "CT", "1.7", 3)
	c.wait(id, "the late one is sent", sent(3))
	if len(s.stored) != 3 || !bytes.Equal(s.stored[2], late) {
		t.Errorf("%d data sets came in all: the late one only was to come", len(s.stored))
	}
}

func TestWhatADestinationRefusesForGoodIsSaidAndNotRepeated(t *testing.T) {
	t.Parallel()
	c, s := newClinic(t), &root{}
	s.says(409, `{"00081198":{"vr":"SQ","Value":[{"00081155":{"vr":"UI","Value":["1.7.1.1"]},"00081197":{"vr":"US","Value":[43264]}}]}}`)
	id := c.web(s)
	c.run()
	c.send("m1", "CT1", "CT", "1.7", 1)
	j := c.wait(id, "it is given up", func(j *hub.RouteJob) bool { return j.State == hub.RouteFailed })
	if j.Error != "1 refused: HTTP 409, failure reason A900" {
		t.Errorf("the reason is %q", j.Error)
	}
	s.says(200, "")
	c.retry(id)
	c.wait(id, "all is sent when somebody wants it", sent(1))
}

func TestStudiesOfOthersAndOfBeforeTheRuleStayWhereTheyAre(t *testing.T) {
	t.Parallel()
	c, s := newClinic(t), &root{}
	s.says(200, "")
	c.send("m1", "CT1", "CT", "1.1", 1) // before there is a rule
	id := c.web(s)
	c.tx(func(tx *db.Tx) error {
		r, err := tx.Route(id)
		if err != nil {
			return err
		}
		r.Member, r.Modalities, r.Calling, r.CreatedAt = "m1", []string{"CT"}, "CT1", tx.Now()
		return tx.UpdateRoute(r)
	})
	c.send("m2", "CT1", "CT", "1.2", 1)
	c.send("m1", "CT1", "MR", "1.3", 1)
	c.send("m1", "CT2", "CT", "1.4", 1)
	c.send("m1", "CT1", "CT", "1.1", 2)
	c.send("m1", "CT1", "CT", "1.5", 1)
	c.run()
	j := c.wait(id, "the one is sent", isDone)
	if st, err := c.db.Read(t.Context()).Study(j.Study); err != nil || st.UID != "1.5" || len(s.stored) != 1 {
		t.Errorf("study %v, %d data sets, %v", st.UID, len(s.stored), err)
	}
	if due, err := c.db.Read(t.Context()).RoutesDue(10); err != nil || len(due) > 0 {
		t.Errorf("%d studies are still to be looked at, %v", len(due), err)
	}
}
