package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/dicom/dimse"
	"github.com/yuanzhen/yuanzhen/dicom/ul"
)

type dicomGet struct {
	dicomPeer
	dicomKeys
	Out   string   `default:"." help:"Folder for the files, named by SOP Instance UID." type:"path"`
	Class []string `help:"SOP Class UID to take, may be repeated; the standard's storage classes if not given."`
}

// Run fetches what the keys name on one association.
func (c *dicomGet) Run(ctx context.Context, out io.Writer) error {
	return c.explained(c.run(ctx, out))
}

func (c *dicomGet) run(ctx context.Context, out io.Writer) error {
	id, err := c.identifier()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(c.Out, 0o700); err != nil {
		return err
	}
	class := c.class(dimse.StudyRootGet, dimse.PatientRootGet)
	peer, err := c.associate(ctx, c.offer(class))
	if err != nil {
		return err
	}
	defer peer.Abort()
	o, err := peer.Get(ctx, class, id, nil, func(r *dimse.StoreRequest) dimse.Status { return c.take(out, r) })
	if err != nil {
		return err
	}
	t := answerOf(o.Status)
	t.Counts, t.Failed = countsOf(o), o.FailedUIDs
	if err := c.say(out, t, fmt.Sprintf("%s: %d fetched, %d with a warning, %d failed", t.Status, o.Completed, o.Warning, o.Failed)); err != nil {
		return err
	}
	if o.Code != dimse.Success {
		return &refusal{"C-GET", o.Status}
	}
	return peer.Release()
}

// compressed are the syntaxes in which a node may have what it cannot decode.
// Each needs a context of its own, because of several a node accepts one.
var compressed = []dicom.TransferSyntax{dicom.JPEGLosslessSV1, dicom.JPEGBaseline8Bit, dicom.JPEGExtended12Bit, dicom.JPEGLSLossless,
	dicom.JPEG2000Lossless, dicom.JPEG2000, dicom.RLELossless}

// offer proposes to take instances: each class natively, and the first ones
// compressed as well, as far as one association can have contexts.
func (c *dicomGet) offer(class string) dimse.DialOptions {
	classes := c.Class
	if len(classes) == 0 {
		classes = usualClasses()
	}
	classes = classes[:min(len(classes), ul.MaxContexts-1)]
	o := dimse.DialOptions{Contexts: []dimse.PresentationContext{{AbstractSyntax: class, Syntaxes: queries}}}
	for _, uid := range classes {
		o.Contexts = append(o.Contexts, dimse.PresentationContext{AbstractSyntax: uid, Syntaxes: queries})
		o.Roles = append(o.Roles, ul.Role{SOPClass: uid, SCP: true})
	}
	for _, uid := range classes {
		for _, ts := range compressed {
			if len(o.Contexts) < ul.MaxContexts {
				o.Contexts = append(o.Contexts, dimse.PresentationContext{AbstractSyntax: uid, Syntaxes: []dicom.TransferSyntax{ts}})
			}
		}
	}
	return o
}

// offeredClasses leaves room to offer the first nine classes compressed.
const offeredClasses = 64

// images are the classes that nodes have compressed most.
var images = []string{"CT Image Storage", "MR Image Storage", "Computed Radiography Image Storage", "Digital X-Ray Image Storage - For Presentation",
	"Ultrasound Image Storage", "Ultrasound Multi-frame Image Storage", "Secondary Capture Image Storage", "X-Ray Angiographic Image Storage",
	"Digital Mammography X-Ray Image Storage - For Presentation"}

// usualClasses are the storage classes a clinic meets, images first. Retired,
// trial, radiotherapy and industrial ones are for --class.
func usualClasses() []string {
	var list []string
	names := map[string]string{}
	for uid, name := range dimse.StorageClasses() {
		if slices.ContainsFunc([]string{"retired", "Trial", "DICOS", "RT ", "Eddy", "Thermography", "Radiation", "Protocol"}, func(word string) bool { return strings.Contains(name, word) }) {
			continue
		}
		names[uid] = name
		list = append(list, uid)
	}
	slices.SortFunc(list, func(a, b string) int {
		return cmp.Or(cmp.Compare(rank(names[a]), rank(names[b])), len(a)-len(b), cmp.Compare(a, b))
	})
	return list[:min(len(list), offeredClasses)]
}

func rank(name string) int {
	switch {
	case slices.Contains(images, name):
		return 0
	case strings.Contains(name, "ECG"), strings.Contains(name, "Encapsulated PDF"), strings.Contains(name, "SR Storage"):
		return 1
	case strings.Contains(name, "Image Storage"), strings.Contains(name, "Key Object"), strings.Contains(name, "Grayscale Softcopy"):
		return 2
	}
	return 3
}

// take writes an instance to a file that is there only when it is whole.
func (c *dicomGet) take(out io.Writer, r *dimse.StoreRequest) dimse.Status {
	if !dicom.ValidUID(r.SOPInstanceUID) { // it becomes a file name
		return dimse.Status{Code: dimse.InvalidSOPInstance}
	}
	path := filepath.Join(c.Out, r.SOPInstanceUID+".dcm")
	t := told{Status: "0000", File: path, Instance: r.SOPInstanceUID}
	status := dimse.Status{}
	if err := c.keep(path, r); err != nil {
		status = dimse.Status{Code: dimse.OutOfResources, Comment: "not written"}
		t.Status, t.Comment = fmt.Sprintf("%04X", status.Code), err.Error()
	}
	if err := c.say(out, t, t.Status+" "+path); err != nil {
		return dimse.Status{Code: dimse.ProcessingFailure}
	}
	return status
}

func (c *dicomGet) keep(path string, r *dimse.StoreRequest) (err error) {
	f, err := os.CreateTemp(c.Out, ".part-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			os.Remove(f.Name())
		}
	}()
	_, err = dicom.WriteMeta(f, dicom.FileMeta{SOPClassUID: r.SOPClassUID, SOPInstanceUID: r.SOPInstanceUID, Syntax: r.Syntax, SourceAETitle: c.Called})
	if err == nil {
		_, err = io.Copy(f, r.Data)
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
