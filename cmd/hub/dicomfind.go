package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/dicom/dimse"
)

// dicomKeys are what is asked for.
type dicomKeys struct {
	Model string   `default:"study" enum:"study,patient" help:"Information model: study or patient root."`
	Level string   `default:"STUDY" enum:"PATIENT,STUDY,SERIES,IMAGE" help:"PATIENT, STUDY, SERIES or IMAGE."`
	Key   []string `short:"k" help:"Attribute=value, as PatientName=王*, or an attribute alone to be told it; by keyword or as 00100010. May be repeated." sep:"none"`
}

// class is the SOP class of the model.
func (k *dicomKeys) class(study, patient string) string {
	if k.Model == "patient" {
		return patient
	}
	return study
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
		return c.class(dimse.StudyRootFind, dimse.PatientRootFind), d, err
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
	return c.explained(c.run(ctx, out))
}

func (c *dicomFind) run(ctx context.Context, out io.Writer) error {
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
		return &refusal{"C-FIND", status}
	}
	return peer.Release()
}
