package route

import (
	"bytes"
	"encoding/json"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/internal/hub"
	"github.com/yuanzhen/yuanzhen/internal/hubtest"
)

func port(addr string) string { _, p, _ := net.SplitHostPort(addr); return p }

func TestNodeThatRefusesAndAbortsGetsItsCopyInTheEnd(t *testing.T) {
	t.Parallel()
	c := newClinic(t)
	addr, dir := hubtest.Free(t), t.TempDir()
	id := c.dimse(addr, "PACS")
	stop := hubtest.Program(t, addr, "storescp", "--refuse", "-od", dir, port(addr))
	c.run()
	want := c.send("m1", "CT1", "CT", "1.7", 1)
	c.send("m1", "CT1", "CT", "1.7", 2)
	refused := c.wait(id, "the association is refused", tried)
	stop()

	stop = hubtest.Program(t, addr, "storescp", "--abort-during", "-od", dir, port(addr))
	c.retry(id)
	c.wait(id, "the association is aborted", func(j *hub.RouteJob) bool { return tried(j) && j.Error != refused.Error })
	stop()

	hubtest.Program(t, addr, "storescp", "-od", dir, "-aet", "PACS", "+B", port(addr)) // bytes as they come
	c.retry(id)
	c.wait(id, "both are sent", sent(2))
	name := filepath.Join(dir, "CT.1.7.1.1")
	data, err := os.ReadFile(name)
	hubtest.Must(t, err)
	f, err := dicom.Read(bytes.NewReader(data), dicom.Options{})
	hubtest.Must(t, err)
	if !bytes.Equal(data[f.DatasetOffset:], want) {
		t.Error("storescp was given other bytes than those that came")
	}
}

func TestOrthancTakesCopiesByBothWays(t *testing.T) {
	t.Parallel()
	plugin, err := filepath.EvalSymlinks("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")
	if err != nil {
		t.Skip("no Orthanc with its DICOMweb plugin here: not compared with it")
	}
	for _, way := range []hub.RouteKind{hub.RouteDIMSE, hub.RouteSTOW} {
		t.Run(string(way), func(t *testing.T) {
			t.Parallel()
			c := newClinic(t)
			web, node, dir := hubtest.Free(t), hubtest.Free(t), t.TempDir()
			number := func(addr string) int { n, _ := strconv.Atoi(port(addr)); return n }
			conf, err := json.Marshal(map[string]any{"Name": "peer", "StorageDirectory": dir, "IndexDirectory": dir, "Plugins": []string{plugin}, "HttpPort": number(web),
				"DicomPort": number(node), "DicomAet": "ORTHANC", "RemoteAccessAllowed": false, "AuthenticationEnabled": false, "DicomAlwaysAllowStore": true,
				"DicomWeb": map[string]any{"Enable": true, "Root": "/dicom-web/"}})
			hubtest.Must(t, err)
			file := filepath.Join(dir, "orthanc.json")
			hubtest.Must(t, os.WriteFile(file, conf, 0o600))
			hubtest.Program(t, web, "Orthanc", file)
			id := ""
			if way == hub.RouteDIMSE {
				id = c.dimse(node, "ORTHANC")
			} else {
				id = c.route(hub.Route{Name: "orthanc", Kind: way, URL: "http://" + web + "/dicom-web"})
			}
			c.run()
			want := c.send("m1", "CT1", "CT", "1.7", 1)
			c.wait(id, "it is sent", sent(1))
			get := func(path string) []byte {
				rsp, err := http.Get("http://" + web + path)
				hubtest.Must(t, err)
				defer rsp.Body.Close()
				return readAll(t, rsp.Body)
			}
			var list []string
			hubtest.Must(t, json.Unmarshal(get("/instances"), &list))
			if len(list) != 1 {
				t.Fatalf("Orthanc has %d instances", len(list))
			}
			data := get("/instances/" + list[0] + "/file")
			f, err := dicom.Read(bytes.NewReader(data), dicom.Options{})
			hubtest.Must(t, err)
			if !bytes.Equal(data[f.DatasetOffset:], want) {
				t.Error("Orthanc was given other bytes than those that came")
			}
		})
	}
}
