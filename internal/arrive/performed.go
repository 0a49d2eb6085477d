package arrive

import (
	"context"
	"time"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/dicom/dimse"
	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
	"github.com/yuanzhen/yuanzhen/internal/worklist"
)

// States of a performed procedure step, PS3.3 C.4.14.
const (
	inProgress   = "IN PROGRESS"
	completed    = "COMPLETED"
	discontinued = "DISCONTINUED"
)

// referencedNonImage is (0040,0220), the instances of a series that are no
// images.
const referencedNonImage dicom.Tag = 0x00400220

// stepKeep is how long an ended step waits for objects it told of.
const stepKeep = 24 * time.Hour

// missing answers that a required attribute of d is absent or has no value.
func missing(d *dicom.Dataset, tag dicom.Tag) dimse.Status {
	if d.Get(tag) != nil {
		return dimse.Status{Code: dimse.MissingValue, Comment: "a required attribute has no value", Offending: []dicom.Tag{tag}}
	}
	return dimse.Status{Code: dimse.MissingAttribute, Comment: "a required attribute is missing", Offending: []dicom.Tag{tag}}
}

// invalid answers that the value of an attribute cannot be.
func invalid(tag dicom.Tag, why string) dimse.Status {
	return dimse.Status{Code: dimse.InvalidAttributeValue, Comment: why, Offending: []dicom.Tag{tag}}
}

// Create begins a performed procedure step, PS3.4 section F.7.2.1.
func (n *Node) Create(ctx context.Context, a *dimse.Association, _, instance string, d *dicom.Dataset) (string, dimse.Status) {
	c := n.caller(a)
	if !c.may(hub.StepService) {
		return instance, notAllowed
	}
	scheduled := d.Items(dicom.ScheduledStepAttributesSequence)
	switch state := d.Text(dicom.PerformedProcedureStepStatus); {
	case state == "":
		return instance, missing(d, dicom.PerformedProcedureStepStatus)
	case state != inProgress:
		return instance, invalid(dicom.PerformedProcedureStepStatus, "a step begins IN PROGRESS")
	case len(scheduled) == 0:
		return instance, missing(d, dicom.ScheduledStepAttributesSequence)
	case scheduled[0].Text(dicom.StudyInstanceUID) == "":
		return instance, missing(scheduled[0], dicom.StudyInstanceUID)
	case !dicom.ValidUID(scheduled[0].Text(dicom.StudyInstanceUID)):
		return instance, invalid(dicom.StudyInstanceUID, "the Study Instance UID is no UID")
	}
	if instance == "" {
		instance = dicom.NewUID()
	}
	status := dimse.Status{}
	err := n.DB.Tx(ctx, func(tx *db.Tx) error {
		if _, err := tx.PerformedStep(c.Member, instance); err == nil {
			status = dimse.Status{Code: dimse.DuplicateSOPInstance, Comment: "the step exists"}
			return nil
		} else if hub.KindOf(err) != hub.NotFound {
			return err
		}
		now := tx.Now()
		return tx.InsertPerformedStep(&db.PerformedStep{ID: hub.NewID[string](), Member: c.Member, UID: instance, State: inProgress, Station: c.Name,
			StudyUID: scheduled[0].Text(dicom.StudyInstanceUID), Accession: scheduled[0].Text(dicom.AccessionNumber), CreatedAt: now, ChangedAt: now})
	})
	if err != nil {
		return instance, n.trouble("N-CREATE", err, dimse.ProcessingFailure, dimse.ProcessingFailure)
	}
	return instance, status
}

// Set goes on with a performed procedure step or ends it, PS3.4 section
// F.7.2.2. An ended step says what was made of the study.
func (n *Node) Set(ctx context.Context, a *dimse.Association, _, instance string, d *dicom.Dataset) dimse.Status {
	c := n.caller(a)
	if !c.may(hub.StepService) {
		return notAllowed
	}
	state := d.Text(dicom.PerformedProcedureStepStatus)
	switch {
	case state == "" && d.Get(dicom.PerformedProcedureStepStatus) != nil:
		return missing(d, dicom.PerformedProcedureStepStatus)
	case state != "" && state != inProgress && state != completed && state != discontinued:
		return invalid(dicom.PerformedProcedureStepStatus, "no state of a step")
	}
	status := dimse.Status{}
	var ended *db.PerformedStep
	err := n.DB.Tx(ctx, func(tx *db.Tx) error {
		s, err := tx.PerformedStep(c.Member, instance)
		switch {
		case hub.KindOf(err) == hub.NotFound && err != nil:
			status = dimse.Status{Code: dimse.NoSuchSOPInstance, Comment: "no such step"}
			return nil
		case err != nil:
			return err
		case s.State != inProgress:
			status = dimse.Status{Code: dimse.ProcessingFailure, ErrorID: dimse.NoLongerUpdated, Comment: "Performed Procedure Step Object may no longer be updated"}
			return nil
		}
		if made := madeIn(d); len(made) > 0 { // each N-SET tells of all series
			s.Instances = made
		}
		if state != "" {
			s.State = state
		}
		s.ChangedAt, s.Unsettled = tx.Now(), s.State != inProgress
		if s.Unsettled {
			ended = s
		}
		return tx.UpdatePerformedStep(s)
	})
	if err != nil {
		return n.trouble("N-SET", err, dimse.ProcessingFailure, dimse.ProcessingFailure)
	}
	if ended != nil {
		if err := n.settle(ctx, ended); err != nil {
			n.Log.Error("performed step", "step", ended.ID, "error", err) // looked after again
		}
	}
	return status
}

// madeIn lists the instances that a step's series refer to.
func madeIn(d *dicom.Dataset) (uids []string) {
	known := map[string]bool{}
	for _, series := range d.Items(dicom.PerformedSeriesSequence) {
		for _, tag := range []dicom.Tag{dicom.ReferencedImageSequence, referencedNonImage} {
			for _, ref := range series.Items(tag) {
				if uid := ref.Text(dicom.ReferencedSOPInstanceUID); uid != "" && !known[uid] {
					known[uid] = true
					uids = append(uids, uid)
				}
			}
		}
	}
	return uids
}

// settle tells the tasks of an ended step's study: how many objects there are
// to be, whether they are here, or that the exam was broken off.
func (n *Node) settle(ctx context.Context, seen *db.PerformedStep) error {
	return n.DB.Tx(ctx, func(tx *db.Tx) error {
		s, err := tx.PerformedStep(seen.Member, seen.UID)
		if err != nil || !s.Unsettled {
			return err
		}
		s.Unsettled = tx.Now().Sub(s.ChangedAt) < stepKeep
		study, err := tx.StudyByUID(s.Member, s.StudyUID)
		if hub.KindOf(err) == hub.NotFound && err != nil {
			if s.Unsettled {
				return nil // no object has come yet
			}
			return tx.UpdatePerformedStep(s)
		}
		if err != nil {
			return err
		}
		tasks, err := tx.TasksOfStudy(study.ID)
		if err != nil {
			return err
		}
		if len(tasks) > 0 { // what was read elsewhere has none
			if err := n.tell(tx, s, tasks[0], study); err != nil {
				return err
			}
		}
		return tx.UpdatePerformedStep(s)
	})
}

// lookAtAll looks at the steps that ended a short while ago, or at all of them,
// and tells what has come since. waiting is for lookAt.
func (n *Node) lookAtAll(ctx context.Context, all bool, waiting map[string]int) error {
	since, after := n.DB.Read(ctx).Now().Add(-fresh), ""
	if all {
		since = time.Time{}
	}
	for {
		steps, err := n.DB.Read(ctx).UnsettledSteps(since, after, lookMost)
		if err != nil {
			return err
		}
		for _, s := range steps {
			since, after = s.ChangedAt, s.ID
			if err := n.lookAt(ctx, s, waiting); err != nil {
				n.Log.Error("performed step", "step", s.ID, "error", err)
			}
		}
		if len(steps) < lookMost {
			return nil
		}
	}
}

// lookAt settles a step unless nothing has come for its study since the last
// look, which waiting holds as the number of its instances by step: that spares
// the writer.
func (n *Node) lookAt(ctx context.Context, s *db.PerformedStep, waiting map[string]int) error {
	read := n.DB.Read(ctx)
	have := 0
	study, err := read.StudyByUID(s.Member, s.StudyUID)
	switch {
	case err == nil:
		have = study.Instances
	case hub.KindOf(err) != hub.NotFound:
		return err
	}
	if last, seen := waiting[s.ID]; (seen && last == have || have == 0) && read.Now().Sub(s.ChangedAt) < stepKeep {
		return nil
	}
	if err := n.settle(ctx, s); err != nil {
		return err
	}
	waiting[s.ID] = have
	return nil
}

// tell changes the newest task of a study as its step says.
func (n *Node) tell(tx *db.Tx, s *db.PerformedStep, t *hub.Task, study *db.StudyRow) error {
	if t.State != hub.Uploading && t.State != hub.Queued && t.State != hub.Claimed && t.State != hub.Returned {
		s.Unsettled = false
		return nil
	}
	if s.State == discontinued {
		s.Unsettled = false
		return worklist.Touch(tx, hub.System, t, "task.discontinued", "", func(t *hub.Task) {
			t.Warnings = append(t.Warnings, hub.Warning{Code: "exam.discontinued", Values: map[string]string{
				"zh": "设备报告检查已中断，图像可能不完整，请核对", "en": "The device reports that the exam was discontinued; images may be missing, please check"}})
		})
	}
	here, err := tx.InstancesHere(s.Member, study.ID, s.Instances)
	if err != nil {
		return err
	}
	absent := len(s.Instances) - here
	s.Unsettled = s.Unsettled && absent > 0
	expected := study.Instances + absent // others of the study may have come beside
	if len(s.Instances) == 0 {
		expected = t.Expected
	}
	return n.Work.Declared(tx, t, expected, absent == 0)
}
