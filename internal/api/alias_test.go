package api

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// raw sends a request to any path of the hub.
func (h *hospital) raw(method, path, token string, body io.Reader, headers ...string) reply {
	h.t.Helper()
	req, err := http.NewRequest(method, h.url+path, body)
	must(h.t, err)
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	must(h.t, err)
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	must(h.t, err)
	return reply{resp.StatusCode, resp.Header, data}
}

func TestAliasBelongsToOneMember(t *testing.T) {
	t.Parallel()
	h := newHospital(t)
	h.s.Aliases = []Alias{{Path: "/dcm4chee-arc/aets/DCM4CHEE/rs", Member: "CLINIC1", Account: "tech1"}, {Path: "/second", Member: "CLINIC1"}, {Path: "/wrong", Member: "CLINIC2", Account: "tech1"},
		{Path: "/gone", Member: "CLINIC1", Account: "nobody"}, {Path: "/ghost", Member: "NOWHERE"}}
	u := uids{"1.5", "1.5.1", "1.5.1.1"}
	const open = "/dcm4chee-arc/aets/DCM4CHEE/rs"
	if r := h.raw("POST", open+"/studies", "", bytes.NewReader(image(u, 1, 1, nil)), "Content-Type", "application/dicom"); r.code != 200 || !bytes.Contains(r.body, []byte(h.url+open+"/studies/1.5")) {
		t.Fatalf("store without a token: %d %s", r.code, r.body)
	}
	for _, c := range []struct {
		path, login string
		code        int
	}{
		{open + u.path() + "/metadata", "", 200}, {open + u.path() + "/metadata", "tech1", 200}, {open + u.path(), "tech2", 404}, {open + "/studies", "reader1", 404},
		{"/second/studies", "", 401}, {"/second/studies", "clinician1", 200}, {"/second/studies", "tech2", 404}, {"/wrong/studies", "", 404},
		{"/gone/studies", "", 401}, {"/ghost/studies", "tech1", 404}, {"/seconds/studies", "tech1", 200}, {open, "", 404},
	} {
		token := ""
		if c.login != "" {
			token = h.accounts[c.login].Token
		}
		if r := h.raw("GET", c.path, token, nil); r.code != c.code {
			t.Errorf("%s as %q: %d %.200s", c.path, c.login, r.code, r.body)
		}
	}
	if r := h.raw("GET", "/api/v1/tasks", "", nil); r.code != 401 {
		t.Errorf("the alias opened something else: %d", r.code)
	}
	meta := h.raw("GET", open+u.path()+"/metadata", "", nil, "X-Forwarded-Proto", "https", "X-Forwarded-Host", "pacs.example, inner", "X-Forwarded-Port", "8443", "X-Forwarded-Prefix", "/hub/")
	if !bytes.Contains(meta.body, []byte(`"https://pacs.example:8443/hub`+open+u.path()+`/bulkdata/7FE00010"`)) {
		t.Errorf("behind a proxy: %s", meta.body)
	}
	meta = h.raw("GET", open+u.path()+"/metadata", "", nil, "X-Forwarded-Host", `evil"><script>`, "X-Forwarded-Prefix", "//evil")
	if !bytes.Contains(meta.body, []byte(`"BulkDataURI":"`+open+u.path())) {
		t.Errorf("with an impossible host: %s", meta.body)
	}
}

func TestAliasThatCannotBeIsNamed(t *testing.T) {
	t.Parallel()
	for path, good := range map[string]bool{"/a/b": true, "/dcm4chee-arc/aets/DCM4CHEE/rs": true, "": false, "/": false, "a": false, "/a/": false, "/api/x": false, "/dicom-web": false, "/a{b}": false, "/a//b": false} {
		if err := (Alias{Path: path, Member: "A"}).Validate(); (err == nil) != good {
			t.Errorf("%q: %v", path, err)
		}
	}
	if (Alias{Path: "/a"}).Validate() == nil {
		t.Error("an alias of no member passes")
	}
}

func TestOnlyConfiguredOriginsMayRead(t *testing.T) {
	t.Parallel()
	h := newHospital(t)
	get := func(path, origin string) http.Header {
		return h.raw("GET", path, h.accounts["tech1"].Token, nil, "Origin", origin).head
	}
	if got := get("/dicom-web/studies", "https://viewer.example").Get("Access-Control-Allow-Origin"); got != "" {
		t.Errorf("without configuration: %q", got)
	}
	h.s.Origins = []string{"https://viewer.example"}
	head := get("/dicom-web/studies", "https://viewer.example")
	if head.Get("Access-Control-Allow-Origin") != "https://viewer.example" || head.Get("Access-Control-Allow-Credentials") != "true" || !strings.Contains(head.Get("Access-Control-Expose-Headers"), "Warning") {
		t.Errorf("got %v", head)
	}
	if got := get("/dicom-web/studies", "https://other.example").Get("Access-Control-Allow-Origin"); got != "" {
		t.Errorf("another origin: %q", got)
	}
	if got := get("/api/v1/tasks", "https://viewer.example").Get("Access-Control-Allow-Origin"); got != "" {
		t.Errorf("another interface: %q", got)
	}
	ask := h.raw("OPTIONS", "/dicom-web/studies", "", nil, "Origin", "https://viewer.example", "Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "authorization")
	if ask.code != 204 || !strings.Contains(ask.head.Get("Access-Control-Allow-Headers"), "Authorization") || !strings.Contains(ask.head.Get("Access-Control-Allow-Methods"), "POST") {
		t.Errorf("preflight: %d %v", ask.code, ask.head)
	}
	h.s.Origins = []string{"*"}
	if head = get("/dicom-web/studies", "https://any.example"); head.Get("Access-Control-Allow-Origin") != "*" || head.Get("Access-Control-Allow-Credentials") != "" {
		t.Errorf("any origin: %v", head)
	}
}

func TestServicesSayWhatTheyCanDo(t *testing.T) {
	t.Parallel()
	h := newHospital(t)
	r := h.raw("OPTIONS", "/dicom-web/", "", nil, "Accept", wadl)
	var doc struct {
		Resources struct {
			Base     string `xml:"base,attr"`
			Resource []struct {
				Path   string `xml:"path,attr"`
				Method []struct {
					Name string `xml:"name,attr"`
				} `xml:"method"`
			} `xml:"resource"`
		} `xml:"resources"`
	}
	if err := xml.Unmarshal(r.body, &doc); err != nil || r.code != 200 || doc.Resources.Base != h.url+dicomRoot {
		t.Fatalf("%d %v %s", r.code, err, r.body)
	}
	described := map[string]bool{}
	for _, res := range doc.Resources.Resource {
		for _, m := range res.Method {
			described[m.Name+" "+res.Path] = true
		}
	}
	for _, route := range h.s.dicomwebRoutes() {
		if name := route.Method + " " + relative(route); route.Method != "OPTIONS" && !described[name] {
			t.Errorf("%s is not described", name)
		}
	}
	r = h.raw("OPTIONS", "/dicom-web/", "", nil, "Accept", "application/json")
	var v struct {
		Resources []struct {
			Path  string
			Query []string
		}
	}
	if err := json.Unmarshal(r.body, &v); err != nil || len(v.Resources) < 20 || !slices.ContainsFunc(v.Resources, func(x struct {
		Path  string
		Query []string
	}) bool {
		return x.Path == "studies" && slices.Contains(x.Query, "PatientName")
	}) {
		t.Errorf("%v %s", err, r.body)
	}
	if r = h.raw("OPTIONS", "/dicom-web/", "", nil, "Accept", "image/png"); r.code != 406 {
		t.Errorf("as a picture: %d", r.code)
	}
	if r = h.raw("DELETE", "/dicom-web/studies/1.2", h.accounts["tech1"].Token, nil); r.code != 405 || !strings.Contains(r.head.Get("Allow"), "GET") {
		t.Errorf("delete: %d %v", r.code, r.head)
	}
}
