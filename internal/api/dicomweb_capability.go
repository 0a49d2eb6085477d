package api

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/dicom/web"
	"github.com/yuanzhen/yuanzhen/internal/search"
)

const wadl = "application/vnd.sun.wadl+xml"

// capability is what the services say of one route: the forms of its answer
// and the query parameters it understands besides "accept".
type capability struct {
	answers, takes, query []string
}

// ability tells the capability of a route by where its path ends.
func ability(r Route) capability {
	last := r.Path[strings.LastIndex(r.Path, "/")+1:]
	parts := []string{web.Related + `; type="` + web.DICOM + `"`, web.Zip}
	pictures := []string{web.JPEG, web.PNG}
	models := []string{web.JSON, web.Related + `; type="` + web.XML + `"`}
	switch {
	case strings.Contains(r.Path, "/workitems"):
		return capability{answers: []string{web.JSON}, takes: []string{web.JSON}}
	case r.Method == http.MethodPost:
		return capability{answers: []string{web.JSON, web.XML}, takes: []string{web.Related + `; type="` + web.DICOM + `"`, web.DICOM,
			web.Related + `; type="` + web.JSON + `"`, web.Related + `; type="` + web.XML + `"`}}
	case last == "rendered":
		return capability{answers: append(pictures, web.PDF), query: []string{"window", "viewport", "quality", "annotation"}}
	case last == "thumbnail":
		return capability{answers: append(pictures, svg), query: []string{"window", "viewport", "quality"}}
	case last == "wado":
		return capability{answers: append(pictures, web.DICOM, web.PDF), query: []string{"requestType", "studyUID", "seriesUID", "objectUID", "contentType", "transferSyntax", "frameNumber",
			"rows", "columns", "windowCenter", "windowWidth", "imageQuality"}}
	case last == "metadata":
		return capability{answers: models}
	case last == "{frames}":
		return capability{answers: []string{web.Related + `; type="` + web.Octets + `"`, web.Octets, web.Related + `; type="image/*"`}}
	case last == "{path...}":
		return capability{answers: []string{web.Octets, web.Related + `; type="` + web.Octets + `"`}}
	case last == "{instance}":
		return capability{answers: append([]string{web.DICOM}, parts...)}
	case last == "{study}" || last == "{series}":
		return capability{answers: parts}
	}
	return capability{answers: models, query: searchParameters(last)}
}

// searchParameters are what a search of a level understands.
func searchParameters(last string) []string {
	at := map[string]level{"studies": studyLevel, "series": seriesLevel, "instances": instanceLevel}[last]
	out := []string{}
	for tag, s := range search.Attributes {
		if s.Level <= at {
			out = append(out, nameOf(tag))
		}
	}
	slices.Sort(out)
	return append([]string{"limit", "offset", "includefield", "fuzzymatching"}, out...)
}

// capabilities answers OPTIONS with what the services can do (PS3.18 section
// 8.9): as WADL, or the same as JSON.
func capabilities(c *Call, routes []Route) error {
	routes = slices.Concat(routes, c.S.upsRoutes())
	c.W.Header().Set("Allow", "GET, HEAD, POST, PUT, DELETE, OPTIONS")
	offer, err := choose(c, web.Offer{Type: wadl, Default: true}, web.Offer{Type: web.PlainJSON, Default: true})
	if err != nil {
		return err
	}
	h := c.W.Header()
	h.Set("Content-Type", offer.Type)
	h.Set("Cache-Control", "no-cache")
	body := wadlOf(base(c), routes)
	if offer.Type == web.PlainJSON {
		body = abilitiesJSON(base(c), routes)
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	c.W.WriteHeader(http.StatusOK)
	c.W.Write(body) // a caller that hung up is no fault
	return nil
}

// relative is a route's path below the root, as URI templates write it.
func relative(r Route) string {
	return strings.ReplaceAll(strings.TrimPrefix(strings.TrimPrefix(r.Path, dicomRoot), "/"), "...", "")
}

func wadlOf(root string, routes []Route) []byte {
	var b strings.Builder
	b.WriteString(`<?xml version="1.0" encoding="UTF-8"?>` + "\n" + `<application xmlns="http://wadl.dev.java.net/2009/02" xmlns:xs="http://www.w3.org/2001/XMLSchema"><resources base="` + escape(root) + `">`)
	var paths []string
	for _, r := range routes {
		if !slices.Contains(paths, relative(r)) {
			paths = append(paths, relative(r))
		}
	}
	for _, p := range paths {
		b.WriteString(`<resource path="` + escape(p) + `">`)
		for _, r := range routes {
			if relative(r) == p {
				wadlMethod(&b, r)
			}
		}
		b.WriteString("</resource>")
	}
	b.WriteString("</resources></application>\n")
	return []byte(b.String())
}

func wadlMethod(b *strings.Builder, r Route) {
	a := ability(r)
	b.WriteString(`<method name="` + r.Method + `"><request>`)
	if len(a.takes) == 0 {
		for _, q := range append([]string{"accept"}, a.query...) {
			b.WriteString(`<param name="` + q + `" style="query" type="xs:string"/>`)
		}
	}
	for _, t := range a.takes {
		b.WriteString(`<representation mediaType="` + escape(t) + `"/>`)
	}
	b.WriteString(`</request><response status="200">`)
	for _, t := range a.answers {
		b.WriteString(`<representation mediaType="` + escape(t) + `"/>`)
	}
	b.WriteString("</response></method>")
}

func escape(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;").Replace(s)
}

func abilitiesJSON(root string, routes []Route) []byte {
	quoted := func(list []string) string {
		var q []string
		for _, s := range list {
			q = append(q, strconv.Quote(s))
		}
		return "[" + strings.Join(q, ",") + "]"
	}
	var resources []string
	for _, r := range routes {
		a := ability(r)
		resources = append(resources, `{"method":`+strconv.Quote(r.Method)+`,"path":`+strconv.Quote(relative(r))+`,"accepts":`+quoted(a.takes)+
			`,"returns":`+quoted(a.answers)+`,"query":`+quoted(a.query)+`}`)
	}
	return []byte(`{"base":` + strconv.Quote(root) + `,"charset":["` + "UTF-8" + `"],"transferSyntaxes":["*",` + strconv.Quote(string(dicom.ExplicitVRLittleEndian)) +
		`],"resources":[` + strings.Join(resources, ",") + "]}")
}
