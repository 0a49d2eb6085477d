package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/alecthomas/kong"
	"gopkg.in/yaml.v3"

	"github.com/yuanzhen/yuanzhen/ecg/measure"
	"github.com/yuanzhen/yuanzhen/internal/worklist"
)

// Settings are the flags that serve and demo share (also YUANZHEN_<NAME> in
// the environment, also a YAML file).
type Settings struct {
	Config        kong.ConfigFlag `help:"YAML file with these settings, and rules: for the alliance's numbers." type:"path"`
	Data          string          `help:"Folder of the hub: database, objects, keys." default:"data" type:"path"`
	HTTP          string          `name:"http" help:"Address of the web pages and APIs." default:"127.0.0.1:8080"`
	TLSCert       string          `name:"tls-cert" help:"Certificate chain (PEM); with --tls-key HTTPS is served." type:"path"`
	TLSKey        string          `name:"tls-key" help:"Private key (PEM)." type:"path"`
	PublicURL     string          `name:"public-url" help:"Address under which people reach the web pages, for the code on printed reports, such as https://hub.example; default: where it listens."`
	DICOM         string          `name:"dicom" help:"Address of the DICOM node." default:"127.0.0.1:11112"`
	AET           string          `name:"aet" help:"AE title of the DICOM node." default:"YUANZHEN"`
	DICOMTLS      `embed:""`
	DB            string   `name:"db" help:"sqlite:PATH or postgres://…; default DATA/hub.db."`
	Objects       string   `name:"objects" help:"file:PATH or s3://bucket/prefix?endpoint=URL&region=…; default DATA."`
	Webhook       []string `name:"webhook" help:"URL that critical values are posted to; may be repeated." sep:"none"`
	WebhookSecret string   `name:"webhook-secret" help:"Signs what is posted (HMAC-SHA-256 in X-Yuanzhen-Signature); shared with the receivers."`
	Alias         []string `name:"alias" help:"Another root of the DICOMweb services, PATH=MEMBER, for clients that know only their old archive's address; with PATH=MEMBER:LOGIN requests without a token act as that account. May be repeated." sep:"none"`
	CORS          []string `name:"cors" help:"Origin whose pages may use the DICOMweb services, such as https://viewer.example; * for any. May be repeated." sep:"none"`
	Debug         bool     `name:"debug" help:"Log refused requests too."`
}

// rules reads `rules:` of the settings file over the defaults.
func (s *Settings) rules(base worklist.Rules) (worklist.Rules, error) {
	if s.Config == "" {
		return base, nil
	}
	data, err := os.ReadFile(string(s.Config))
	if err != nil {
		return base, err
	}
	file := struct {
		Rules *worklist.Rules `yaml:"rules"`
	}{&base}
	err = yaml.NewDecoder(bytes.NewReader(data)).Decode(&file)
	if err != nil && !errors.Is(err, io.EOF) {
		return base, fmt.Errorf("%s: %w", s.Config, err)
	}
	if _, err := measure.DefaultRules().With(base.ECG.Numbers, base.ECG.On); err != nil {
		return base, fmt.Errorf("%s: rules.ecg: %w", s.Config, err)
	}
	return base, nil
}

// Validate names every fault at once.
func (s *Settings) Validate() error {
	var faults []error
	for name, addr := range map[string]string{"http": s.HTTP, "dicom": s.DICOM} {
		if _, _, err := net.SplitHostPort(addr); err != nil {
			faults = append(faults, fmt.Errorf("--%s %q: want HOST:PORT", name, addr))
		}
	}
	if aet := strings.TrimSpace(s.AET); aet == "" || len(aet) > 16 {
		faults = append(faults, fmt.Errorf("--aet %q: want 1 to 16 characters", s.AET))
	}
	faults = append(faults, s.validateTLS())
	if (s.TLSCert == "") != (s.TLSKey == "") {
		faults = append(faults, errors.New("--tls-cert and --tls-key belong together"))
	}
	if s.Objects != "" {
		if u, err := url.Parse(s.Objects); err != nil || u.Scheme != "file" && u.Scheme != "s3" {
			faults = append(faults, fmt.Errorf("--objects %q: want file:PATH or s3://bucket/prefix?endpoint=URL", s.Objects))
		}
	}
	for _, hook := range s.Webhook {
		if u, err := url.Parse(hook); err != nil || u.Scheme != "http" && u.Scheme != "https" {
			faults = append(faults, fmt.Errorf("--webhook %q: want an http or https address", hook))
		}
	}
	if u, err := url.Parse(s.PublicURL); s.PublicURL != "" && (err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "") {
		faults = append(faults, fmt.Errorf("--public-url %q: want an http or https address", s.PublicURL))
	}
	if _, err := s.aliases(); err != nil {
		faults = append(faults, err)
	}
	return errors.Join(append(faults, s.origins())...)
}

// database is the address of the rows.
func (s *Settings) database() string {
	if s.DB != "" {
		return s.DB
	}
	return "sqlite:" + filepath.Join(s.Data, "hub.db")
}

type configCommand struct{ Settings }

// Run prints the settings in force.
func (c *configCommand) Run(_ context.Context, out io.Writer) error {
	rules, err := c.rules(worklist.DefaultRules())
	if err != nil {
		return err
	}
	shown := c.Settings
	if u, err := url.Parse(shown.DB); err == nil && u.User != nil {
		u.User = url.UserPassword(u.User.Username(), "***")
		shown.DB = u.String()
	}
	if shown.WebhookSecret != "" {
		shown.WebhookSecret = "***"
	}
	enc := yaml.NewEncoder(out)
	return enc.Encode(map[string]any{"data": shown.Data, "http": shown.HTTP, "public-url": shown.PublicURL, "dicom": shown.DICOM, "aet": shown.AET, "db": shown.database(), "objects": shown.Objects,
		"dicom-tls": shown.DICOMTLS.Address, "dicom-tls-cert": shown.DICOMTLSCert, "dicom-tls-key": shown.DICOMTLSKey, "dicom-tls-ca": shown.DICOMTLSCA,
		"tls-cert": shown.TLSCert, "tls-key": shown.TLSKey, "alias": shown.Alias, "cors": shown.CORS, "webhook": shown.Webhook, "webhook-secret": shown.WebhookSecret, "rules": rules})
}
