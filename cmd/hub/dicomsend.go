package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/dicom/dimse"
	"github.com/yuanzhen/yuanzhen/dicom/ul"
)

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
	return c.explained(c.run(ctx, out))
}

func (c *dicomSend) run(ctx context.Context, out io.Writer) error {
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
