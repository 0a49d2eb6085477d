// Package recognition is the step RECOGNISE (检查检验结果互认): before an exam
// is repeated, the doctor sees which results of the same person already exist
// in the alliance, which of them count and why the others do not, and says
// for each whether it is recognised. What is recognised is the image or
// tracing, never the conclusion: the receiving doctor makes their own.
package recognition

import (
	"time"

	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
)

// Validity defaults of the domain rules, section 9, in days.
const (
	imagingDays = 30
	ecgDays     = 1
)

// starter is the catalogue of a new hub: common items with the code an order
// names, DICOM body part (PS3.16 Annex L) and a price in yuan. An alliance
// replaces it by its own list.
var starter = []hub.CatalogueItem{
	image("DX-CHEST", "胸部正位DR", "DX", "CHEST", 65),
	image("DX-CHEST-LAT", "胸部正侧位DR", "DX", "CHEST", 110),
	image("DX-ABDOMEN", "腹部立位DR", "DX", "ABDOMEN", 65),
	image("DX-CSPINE", "颈椎正侧位DR", "DX", "CSPINE", 110),
	image("DX-LSPINE", "腰椎正侧位DR", "DX", "LSPINE", 110),
	image("DX-PELVIS", "骨盆正位DR", "DX", "PELVIS", 65),
	image("DX-SHOULDER", "肩关节DR", "DX", "SHOULDER", 65),
	image("DX-HAND", "手正斜位DR", "DX", "HAND", 80),
	image("DX-KNEE", "膝关节正侧位DR", "DX", "KNEE", 110),
	image("DX-FOOT", "足正斜位DR", "DX", "FOOT", 80),
	image("CT-HEAD", "头颅CT平扫", "CT", "HEAD", 200),
	image("CT-CHEST", "胸部CT平扫", "CT", "CHEST", 220),
	image("CT-ABDOMEN", "腹部CT平扫", "CT", "ABDOMEN", 240),
	image("CT-LSPINE", "腰椎CT平扫", "CT", "LSPINE", 200),
	image("MR-HEAD", "头颅MR平扫", "MR", "HEAD", 460),
	image("MR-LSPINE", "腰椎MR平扫", "MR", "LSPINE", 460),
	image("MR-KNEE", "膝关节MR平扫", "MR", "KNEE", 460),
	image("MG-BREAST", "双侧乳腺X线摄影", "MG", "BREAST", 180),
	image("US-ABDOMEN", "腹部超声", "US", "ABDOMEN", 90),
	image("US-THYROID", "甲状腺超声", "US", "THYROID", 70),
	image("US-HEART", "心脏超声", "US", "HEART", 160),
	image("US-BREAST", "乳腺超声", "US", "BREAST", 70),
	image("US-PELVIS", "盆腔超声", "US", "PELVIS", 70),
	{Code: "ECG-12", Name: "常规十二导联心电图", Kind: hub.ECG, Modality: "ECG", Scope: "alliance", Days: ecgDays, MinGrade: "B", Price: 25, Active: true},
	{Code: "ECG-HOLTER", Name: "24小时动态心电图", Kind: hub.Holter, Modality: "ECG", Scope: "alliance", Days: imagingDays, MinGrade: "B", Price: 180, Active: true},
}

func image(code, name, modality, part string, price float64) hub.CatalogueItem {
	return hub.CatalogueItem{Code: code, Name: name, Kind: hub.Image, Modality: modality, BodyPart: part, Scope: "alliance", Days: imagingDays,
		MinGrade: "B", Price: price, Active: true}
}

// SeedCatalogue gives a hub without a catalogue the starter one.
func SeedCatalogue(tx *db.Tx) error {
	have, err := tx.Catalogue()
	if err != nil || len(have) > 0 {
		return err
	}
	for _, item := range starter {
		if err := tx.PutCatalogueItem(&item); err != nil {
			return err
		}
	}
	return nil
}

// SeedMarks gives members the mark of every item of the catalogue for a time.
func SeedMarks(tx *db.Tx, members []hub.MemberID, from, to time.Time) error {
	items, err := tx.Catalogue()
	if err != nil {
		return err
	}
	for _, m := range members {
		for _, item := range items {
			if err := tx.InsertMark(&hub.Mark{Member: m, Item: item.Code, Label: "医联体HR", Scope: "alliance", From: from, To: to}); err != nil {
				return err
			}
		}
	}
	return nil
}

// ItemOf returns the catalogue's item an order asks for: the one it names,
// or, where it was made from objects, the first active one of its kind,
// modality (CR is DX) and body part. It returns nil when there is none.
func ItemOf(tx *db.Tx, o *hub.Order) (*hub.CatalogueItem, error) {
	item, err := asked(tx, o)
	if hub.KindOf(err) == hub.NotFound {
		return nil, nil
	}
	return item, err
}

func asked(tx *db.Tx, o *hub.Order) (*hub.CatalogueItem, error) {
	modality := o.Modality
	switch {
	case o.Item != "":
		return tx.CatalogueItem(o.Item)
	case o.Kind == hub.Image && o.BodyPart == "":
		return nil, nil
	case modality == "CR":
		modality = "DX"
	}
	return tx.CatalogueItemFor(o.Kind, modality, o.BodyPart)
}

// MarkFor returns the mark a member may print on its results of an item made
// at a time, nil if it held none.
func MarkFor(tx *db.Tx, member hub.MemberID, item string, at time.Time) (*hub.Mark, error) {
	m, err := tx.MarkAt(member, item, at)
	if hub.KindOf(err) == hub.NotFound {
		return nil, nil
	}
	return m, err
}
