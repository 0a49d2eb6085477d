package main

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/dicom/dimse"
	"github.com/yuanzhen/yuanzhen/dicom/ul"
)

// dicomPeer is another node and how it is called.
type dicomPeer struct {
	Address  string        `arg:"" help:"HOST:PORT of the node."`
	Called   string        `default:"ANY-SCP" help:"Its AE title."`
	Calling  string        `default:"YUANZHEN" help:"Our AE title."`
	TLS      bool          `name:"tls" help:"Speak TLS."`
	TLSCA    string        `name:"tls-ca" help:"Authorities (PEM) of its certificate; default the system's." type:"path"`
	TLSName  string        `name:"tls-name" help:"Name in its certificate, if not HOST."`
	TLSCert  string        `name:"tls-cert" help:"Our certificate chain (PEM)." type:"path"`
	TLSKey   string        `name:"tls-key" help:"Our private key (PEM)." type:"path"`
	Insecure bool          `help:"Do not check its certificate."`
	Timeout  time.Duration `default:"60s" help:"How long it may be silent."`
	JSON     bool          `name:"json" help:"Answer as one line of JSON each, for machines."`
}

// dial opens an association.
func (p *dicomPeer) dial(ctx context.Context, contexts ...dimse.PresentationContext) (*dimse.Client, error) {
	return p.associate(ctx, dimse.DialOptions{Contexts: contexts})
}

// associate opens an association with contexts and roles.
func (p *dicomPeer) associate(ctx context.Context, o dimse.DialOptions) (*dimse.Client, error) {
	o.CallingAE, o.CalledAE, o.Timeouts = p.Calling, p.Called, ul.Timeouts{Idle: p.Timeout, Read: p.Timeout}
	if p.TLS {
		o.TLS = &tls.Config{MinVersion: tls.VersionTLS12, ServerName: p.TLSName, InsecureSkipVerify: p.Insecure}
		if p.TLSCA != "" {
			pool, err := authorities(p.TLSCA)
			if err != nil {
				return nil, err
			}
			o.TLS.RootCAs = pool
		}
		if p.TLSCert != "" {
			pair, err := tls.LoadX509KeyPair(p.TLSCert, p.TLSKey)
			if err != nil {
				return nil, err
			}
			o.TLS.Certificates = []tls.Certificate{pair}
		}
	}
	return dimse.Dial(ctx, p.Address, o)
}

// told is what a node answered to one request.
type told struct {
	Status   string         `json:"status"` // four hexadecimal digits
	Comment  string         `json:"comment,omitempty"`
	File     string         `json:"file,omitempty"`
	Instance string         `json:"instance,omitempty"`
	Took     string         `json:"took,omitempty"`
	Counts   *counts        `json:"counts,omitempty"`
	Failed   []string       `json:"failed,omitempty"`
	Match    *dicom.Dataset `json:"match,omitempty"` // DICOM JSON model
}

// counts are those of a retrieval's sub-operations.
type counts struct {
	Remaining int `json:"remaining"`
	Completed int `json:"completed"`
	Failed    int `json:"failed"`
	Warning   int `json:"warning"`
}

func answerOf(s dimse.Status) told {
	return told{Status: fmt.Sprintf("%04X", s.Code), Comment: s.Comment}
}

// say writes an answer for a machine or a person.
func (p *dicomPeer) say(out io.Writer, t told, sentence string) error {
	if p.JSON {
		return json.NewEncoder(out).Encode(t)
	}
	if t.Comment != "" {
		sentence += " (" + t.Comment + ")"
	}
	_, err := fmt.Fprintln(out, sentence)
	return err
}

// countsOf are the counts of a retrieval.
func countsOf(o dimse.Outcome) *counts { return &counts{o.Remaining, o.Completed, o.Failed, o.Warning} }
