package main

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
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
	o := dimse.DialOptions{CallingAE: p.Calling, CalledAE: p.Called, Contexts: contexts, Timeouts: ul.Timeouts{Idle: p.Timeout, Read: p.Timeout}}
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

type dicomEcho struct {
	dicomPeer
	Repeat int `default:"1" help:"How often, on one association."`
}

// Run asks whether the node is there.
func (c *dicomEcho) Run(ctx context.Context, out io.Writer) error {
	peer, err := c.dial(ctx)
	if err != nil {
		return err
	}
	defer peer.Abort()
	for range max(1, c.Repeat) {
		began := time.Now()
		status, err := peer.Echo(ctx)
		if err != nil {
			return err
		}
		t := answerOf(status)
		t.Took = time.Since(began).Round(time.Microsecond).String()
		if err := c.say(out, t, fmt.Sprintf("%s answers %s after %s", c.Called, t.Status, t.Took)); err != nil {
			return err
		}
		if !status.OK() {
			return fmt.Errorf("C-ECHO: %s", status)
		}
	}
	return peer.Release()
}

type dicomSend struct {
	dicomPeer
	Files []string `arg:"" name:"file" help:"PS3.10 files, and folders of them."`
}

// outgoing is a file on its way.
type outgoing struct {
	path, instance string
	kind           dimse.Kind
	offset         int64
}

// Run sends every file as it is; the error counts those that were not taken.
func (c *dicomSend) Run(ctx context.Context, out io.Writer) error {
	list, faults := c.gather()
	refused := 0
	for len(list) > 0 {
		n := together(list)
		bad, err := c.send(ctx, out, list[:n])
		if refused += bad; err != nil {
			return errors.Join(append(faults, err)...)
		}
		list = list[n:]
	}
	if refused > 0 {
		faults = append(faults, fmt.Errorf("%d files were not taken", refused))
	}
	return errors.Join(faults...)
}

// gather reads the headers of the files; what is no DICOM file of a folder is
// passed over, of the arguments it is a fault.
func (c *dicomSend) gather() (list []outgoing, faults []error) {
	for _, root := range c.Files {
		err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
			if err != nil || e.IsDir() {
				return err
			}
			o, err := header(path)
			if err == nil {
				list = append(list, o)
			} else if path == root {
				faults = append(faults, fmt.Errorf("%s: %w", path, err))
			}
			return nil
		})
		if err != nil {
			faults = append(faults, err)
		}
	}
	return list, faults
}

// header reads what C-STORE has to say of a file.
func header(path string) (o outgoing, err error) {
	f, err := os.Open(path)
	if err != nil {
		return o, errors.Unwrap(err)
	}
	defer f.Close()
	file, err := dicom.Read(f, dicom.Options{Keep: 1 << 10})
	if err != nil {
		return o, err
	}
	o = outgoing{path: path, instance: file.Dataset.Text(dicom.SOPInstanceUID), offset: file.DatasetOffset,
		kind: dimse.Kind{SOPClassUID: file.Dataset.Text(dicom.SOPClassUID), Syntax: file.Syntax}}
	if o.kind.SOPClassUID == "" || o.instance == "" {
		return o, errors.New("it has no SOP Class UID or SOP Instance UID")
	}
	return o, nil
}

// together is how many of the first files fit on one association.
func together(list []outgoing) int {
	kinds := map[dimse.Kind]bool{}
	for i, o := range list {
		if kinds[o.kind] = true; len(kinds) > ul.MaxContexts {
			return i
		}
	}
	return len(list)
}

// send sends files on one association and counts those that were refused.
func (c *dicomSend) send(ctx context.Context, out io.Writer, list []outgoing) (refused int, err error) {
	kinds := make([]dimse.Kind, len(list))
	for i, o := range list {
		kinds[i] = o.kind
	}
	contexts, err := dimse.ContextsFor(kinds...)
	if err != nil {
		return 0, err
	}
	peer, err := c.dial(ctx, contexts...)
	if err != nil {
		return 0, err
	}
	defer peer.Abort()
	for _, o := range list {
		status, err := c.one(ctx, peer, o)
		t := answerOf(status)
		switch {
		case errors.Is(err, dimse.ErrNoContext):
			t.Status, t.Comment = "0122", "the node takes no "+dimse.StorageName(o.kind.SOPClassUID)+" in "+o.kind.Syntax.Name()
			refused++
		case err != nil:
			return refused, fmt.Errorf("%s: %w", o.path, err)
		case !status.OK():
			refused++
		}
		t.File, t.Instance = o.path, o.instance
		if err := c.say(out, t, t.Status+" "+o.path); err != nil {
			return refused, err
		}
	}
	return refused, peer.Release()
}

func (c *dicomSend) one(ctx context.Context, peer *dimse.Client, o outgoing) (dimse.Status, error) {
	f, err := os.Open(o.path)
	if err != nil {
		return dimse.Status{}, err
	}
	defer f.Close()
	if _, err := f.Seek(o.offset, io.SeekStart); err != nil {
		return dimse.Status{}, err
	}
	return peer.Store(ctx, o.kind.SOPClassUID, o.instance, o.kind.Syntax, f)
}

// dicomKeys are what is asked for.
type dicomKeys struct {
	Model string   `default:"study" enum:"study,patient" help:"Information model: study or patient root."`
	Level string   `default:"STUDY" enum:"PATIENT,STUDY,SERIES,IMAGE" help:"PATIENT, STUDY, SERIES or IMAGE."`
	Key   []string `short:"k" help:"Attribute=value, as PatientName=王*, or an attribute alone to be told it; by keyword or as 00100010. May be repeated." sep:"none"`
}

// identifier makes the question.
func (k *dicomKeys) identifier() (*dicom.Dataset, error) {
	d := dicom.New()
	d.SetText(dicom.SpecificCharacterSet, "ISO_IR 192")
	d.SetText(dicom.QueryRetrieveLevel, k.Level)
	return d, setKeys(d, k.Key)
}

func setKeys(d *dicom.Dataset, keys []string) error {
	for _, key := range keys {
		name, value, given := strings.Cut(key, "=")
		tag, ok := dicom.ParseTag(name)
		if !ok {
			return fmt.Errorf("%q is no attribute", name)
		}
		if given && value != "" {
			d.SetText(tag, strings.Split(value, `\`)...)
		} else {
			d.SetText(tag)
		}
	}
	return nil
}

// queries are the transfer syntaxes of questions.
var queries = []dicom.TransferSyntax{dicom.ExplicitVRLittleEndian, dicom.ImplicitVRLittleEndian}

type dicomFind struct {
	dicomPeer
	dicomKeys
	Worklist bool `help:"Ask for the modality worklist; keys of the scheduled step are found by themselves."`
	Limit    int  `help:"Cancel after so many matches."`
}

// stepKeys are those of the worklist that lie in the scheduled step.
var stepKeys = []dicom.Tag{dicom.Modality, dicom.ScheduledStationAETitle, dicom.ScheduledProcedureStepStartDate, dicom.ScheduledProcedureStepStartTime,
	dicom.ScheduledPerformingPhysicianName, dicom.ScheduledProcedureStepDescription, dicom.ScheduledProcedureStepID, dicom.ScheduledStationName}

// question is the identifier and the SOP class it is asked in.
func (c *dicomFind) question() (class string, d *dicom.Dataset, err error) {
	if d, err = c.identifier(); err != nil || !c.Worklist {
		return map[string]string{"study": dimse.StudyRootFind, "patient": dimse.PatientRootFind}[c.Model], d, err
	}
	d.Delete(dicom.QueryRetrieveLevel)
	step := dicom.New()
	d.SetItems(dicom.ScheduledProcedureStepSequence, step)
	for _, tag := range stepKeys {
		step.SetText(tag, d.Texts(tag)...)
		d.Delete(tag)
	}
	return dimse.ModalityWorklist, d, nil
}

var errEnough = errors.New("enough matches")

// Run prints the matches.
func (c *dicomFind) Run(ctx context.Context, out io.Writer) error {
	class, id, err := c.question()
	if err != nil {
		return err
	}
	peer, err := c.dial(ctx, dimse.PresentationContext{AbstractSyntax: class, Syntaxes: queries})
	if err != nil {
		return err
	}
	defer peer.Abort()
	n := 0
	status, err := peer.Find(ctx, class, id, func(s dimse.Status, d *dicom.Dataset) error {
		if n++; !c.JSON {
			if err := (&dicom.File{Dataset: d, Syntax: d.Syntax, Complete: true}).List(out); err != nil {
				return err
			}
		}
		t := answerOf(s)
		t.Match = d
		if err := c.say(out, t, ""); err != nil {
			return err
		}
		if n == c.Limit {
			return errEnough
		}
		return nil
	})
	if err != nil && !errors.Is(err, errEnough) {
		return err
	}
	if err := c.say(out, answerOf(status), fmt.Sprintf("%d matches, %04X", n, status.Code)); err != nil {
		return err
	}
	if status.Code != dimse.Success && status.Code != dimse.Canceled {
		return fmt.Errorf("C-FIND: %s", status)
	}
	return peer.Release()
}

type dicomMove struct {
	dicomPeer
	dicomKeys
	To string `required:"" help:"AE title the node is to send to."`
}

// Run asks the node to send what the keys name.
func (c *dicomMove) Run(ctx context.Context, out io.Writer) error {
	id, err := c.identifier()
	if err != nil {
		return err
	}
	class := map[string]string{"study": dimse.StudyRootMove, "patient": dimse.PatientRootMove}[c.Model]
	peer, err := c.dial(ctx, dimse.PresentationContext{AbstractSyntax: class, Syntaxes: queries})
	if err != nil {
		return err
	}
	defer peer.Abort()
	o, err := peer.Move(ctx, class, c.To, id, nil)
	if err != nil {
		return err
	}
	t := answerOf(o.Status)
	t.Counts, t.Failed = &counts{o.Remaining, o.Completed, o.Failed, o.Warning}, o.FailedUIDs
	if err := c.say(out, t, fmt.Sprintf("%s: %d sent, %d with a warning, %d failed", t.Status, o.Completed, o.Warning, o.Failed)); err != nil {
		return err
	}
	if o.Code != dimse.Success {
		return fmt.Errorf("C-MOVE: %s", o.Status)
	}
	return peer.Release()
}
