package db

import (
	"errors"
	"testing"
	"time"

	"github.com/yuanzhen/yuanzhen/internal/hub"
)

func TestRoutesHearOfAGrowingStudyOnceAndKeepTheirJobs(t *testing.T) {
	onEach(t, func(t *testing.T, d *DB) {
		commit(t, d, func(tx *Tx) error {
			at := tx.Now().Add(-time.Second)
			if err := errors.Join(tx.InsertMember(&hub.Member{ID: "m", Code: "M"}), tx.InsertPatient(&PatientRow{Patient: hub.Patient{ID: "p", Member: "m", LocalID: "1"}}),
				tx.InsertStudy(&StudyRow{Study: hub.Study{ID: "s", Member: "m", UID: "1.2", Patient: "p", CreatedAt: at, LastAt: at}}), tx.RouteLater("s", at)); err != nil {
				return err
			}
			if due, err := tx.RoutesDue(10); err != nil || len(due) != 0 {
				t.Errorf("without a rule %v are to be looked at, %v", due, err)
			}
			if err := errors.Join(tx.InsertRoute(&hub.Route{ID: "r", Name: "PACS", Kind: hub.RouteDIMSE, Active: true, CreatedAt: at}), tx.RouteLater("s", at), tx.RouteLater("s", at)); err != nil {
				return err
			}
			if due, err := tx.RoutesDue(10); err != nil || len(due) != 1 || due[0] != "s" {
				t.Errorf("%v are to be looked at, %v", due, err)
			}
			if err := errors.Join(tx.RouteLooked("s"), tx.InsertRouteJob(&hub.RouteJob{ID: "j", Route: "r", Study: "s", State: hub.RouteFailed, Since: at, CreatedAt: at})); err != nil {
				return err
			}
			if n, err := tx.RetryRoute("r"); err != nil || n != 1 {
				t.Errorf("%d are tried again, %v", n, err)
			}
			if counts, err := tx.RouteCounts(); err != nil || len(counts) != 1 || counts[0].State != hub.RouteWaiting || counts[0].Count != 1 {
				t.Errorf("counts %v, %v", counts, err)
			}
			if jobs, err := tx.RouteJobsDue("r", 10); err != nil || len(jobs) != 1 {
				t.Errorf("%d jobs are due, %v", len(jobs), err)
			}
			if jobs, err := tx.RouteJobs("r", hub.RouteWaiting, 10); err != nil || len(jobs) != 1 {
				t.Errorf("%d jobs wait, %v", len(jobs), err)
			}
			if _, err := tx.InstancesAfter("s", "", 10); err != nil {
				t.Error(err)
			}
			return errors.Join(tx.SweepRouteJobs(at, at), tx.DeleteRoute("r"))
		})
	})
}

func TestRefusedCallersAreBoundByAddressAndInAll(t *testing.T) {
	onEach(t, func(t *testing.T, d *DB) {
		commit(t, d, func(tx *Tx) error {
			for i := range 2 * strangersOfAddress {
				x := &hub.Stranger{AETitle: "A" + itoa(i), Address: "192.0.2.1", Reason: hub.RefusedUnknown, Count: 1, FirstAt: tx.Now(), LastAt: tx.Now().Add(time.Duration(i) * time.Second)}
				if err := errors.Join(tx.RefuseStranger(x), tx.RefuseStranger(x)); err != nil {
					return err
				}
			}
			list, err := tx.Strangers()
			if err != nil || len(list) != strangersOfAddress || list[0].AETitle != "A19" || list[0].Count != 2 {
				t.Errorf("%d are listed, %v", len(list), err)
			}
			return tx.ForgetStranger("A19")
		})
	})
}
