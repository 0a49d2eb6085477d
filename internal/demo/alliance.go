// Package demo makes an alliance to try the hub with: members, accounts of
// every role, and generated studies that are sent through the real ways in.
// Nothing of it is used where patients are served; a database that is no demo
// is refused.
package demo

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/yuanzhen/yuanzhen/internal/account"
	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
)

// Account is one line of demo-accounts.json.
type Account struct {
	Member   string      `json:"member"`
	Role     hub.Role    `json:"role"`
	Rights   []hub.Right `json:"rights"`
	Login    string      `json:"login"`
	Password string      `json:"password"`
	Token    string      `json:"token"`
	Name     string      `json:"name"`
}

// accountsFile is in the data folder, for its owner only.
const accountsFile = "demo-accounts.json"

// marker is the setting that says a database is a demo.
const marker = "demo"

// What the marker says.
const (
	begun = "begun"
	whole = "1"
)

// memberList starts with the lead hospital: its administrators manage all.
var memberList = []hub.Member{
	{Code: "LEAD", Name: "青山县人民医院", Level: "county", Phone: "0700-5550001"},
	{Code: "CLINIC1", Name: "青山镇中心卫生院", Level: "township", Phone: "0700-5550101"},
	{Code: "CLINIC2", Name: "白石乡卫生院", Level: "township", Phone: "0700-5550102"},
	{Code: "CLINIC3", Name: "柳河社区卫生服务中心", Level: "township", Phone: "0700-5550103"},
	{Code: "CITY", Name: "南江市第一人民医院", Level: "city", Phone: "0700-5559001"},
}

// person is an account to make; login is the member's code in lower case, the
// role and a number.
type person struct {
	member, login, name, title, phone string
	role                              hub.Role
	rights                            []hub.Right
}

var people = []person{
	{"CLINIC1", "tech1", "陈小梅", "", "13800000101", hub.Tech, nil},
	{"CLINIC1", "clinician1", "周建国", "233", "13800000102", hub.Clinician, []hub.Right{hub.Head}},
	{"CLINIC2", "tech2", "吴海燕", "", "13800000201", hub.Tech, nil},
	{"CLINIC2", "clinician2", "郑志强", "233", "13800000202", hub.Clinician, []hub.Right{hub.Head}},
	{"CLINIC3", "tech3", "马秀英", "", "13800000301", hub.Tech, nil},
	{"CLINIC3", "clinician3", "罗文斌", "234", "13800000302", hub.Clinician, []hub.Right{hub.Head}},
	{"LEAD", "reader1", "林静", "234", "13800000001", hub.Reader, []hub.Right{hub.SignPreliminary}},
	{"LEAD", "reader2", "何志远", "234", "13800000002", hub.Reader, []hub.Right{hub.SignPreliminary}},
	{"LEAD", "reader3", "高敏", "233", "13800000003", hub.Reader, []hub.Right{hub.SignPreliminary, hub.SignAlone}},
	{"LEAD", "reviewer1", "徐国栋", "232", "13800000004", hub.Reviewer, nil},
	{"LEAD", "reviewer2", "孙丽华", "231", "13800000005", hub.Reviewer, nil},
	{"LEAD", "expert1", "欧阳明德", "231", "13800000006", hub.Expert, nil},
	{"LEAD", "dispatcher1", "宋佳", "", "13800000007", hub.Dispatcher, []hub.Right{hub.DutyDesk}},
	{"LEAD", "qc1", "唐晓峰", "232", "13800000008", hub.QC, nil},
	{"LEAD", "admin", "许磊", "", "13800000009", hub.Admin, nil},
	{"LEAD", "secadmin", "韩雪", "", "13800000010", hub.SecAdmin, nil},
	{"LEAD", "auditor", "曹阳", "", "13800000011", hub.Auditor, nil},
	{"LEAD", "regulator", "董卫东", "", "13800000012", hub.Regulator, nil},
}

// Seeds are what other steps put into a new alliance: templates, catalogue.
type Seeds []func(tx *db.Tx) error

// Alliance makes the demo's members and accounts in an empty database, or
// reads back what an earlier start made. A database with members that is no
// demo is refused.
func Alliance(ctx context.Context, d *db.DB, accounts *account.Service, dir string, seeds Seeds) ([]Account, error) {
	read := d.Read(ctx)
	mark, err := read.Setting(marker)
	if err != nil {
		return nil, err
	}
	members, err := read.Members()
	if err != nil {
		return nil, err
	}
	path := AccountsPath(dir)
	if mark == "" && len(members) > 0 {
		return nil, errors.New("this database is no demo: it has members of its own; give another --data folder")
	}
	switch mark {
	case whole:
		return readAccounts(path)
	case begun:
		return nil, fmt.Errorf("the first start of this demo was broken off: remove %s and start again", dir)
	}
	if err := d.Tx(ctx, func(tx *db.Tx) error { return tx.SetSetting(marker, begun) }); err != nil {
		return nil, err
	}
	made, err := build(ctx, d, accounts, seeds)
	if err != nil {
		return nil, err
	}
	if err := writeAccounts(path, made); err != nil {
		return nil, err
	}
	return made, d.Tx(ctx, func(tx *db.Tx) error { return tx.SetSetting(marker, whole) })
}

func readAccounts(path string) ([]Account, error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, errors.New(path + " is missing: the passwords of this demo are lost; start a new one in another --data folder")
	}
	if err != nil {
		return nil, err
	}
	var made []Account
	return made, json.Unmarshal(data, &made)
}

func writeAccounts(path string, made []Account) error {
	data, err := json.MarshalIndent(made, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(data, '\n'), 0o600)
}

func build(ctx context.Context, d *db.DB, accounts *account.Service, seeds Seeds) ([]Account, error) {
	ids := map[string]hub.MemberID{}
	for _, m := range memberList {
		if err := accounts.CreateMember(ctx, hub.System, &m); err != nil {
			return nil, err
		}
		ids[m.Code] = m.ID
	}
	err := d.Tx(ctx, func(tx *db.Tx) error {
		if err := agree(tx, ids); err != nil {
			return err
		}
		for _, seed := range seeds {
			if err := seed(tx); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	made := make([]Account, 0, len(people))
	for _, p := range people {
		a, err := enrol(ctx, d, accounts, p, ids[p.member])
		if err != nil {
			return nil, err
		}
		made = append(made, a)
	}
	return made, nil
}

func agree(tx *db.Tx, ids map[string]hub.MemberID) error {
	from := tx.Now().AddDate(-1, 0, 0)
	for _, source := range []string{"CLINIC1", "CLINIC2", "CLINIC3", "LEAD"} {
		a := &hub.Agreement{ID: hub.NewID[string](), Source: ids[source], Centre: ids["LEAD"], From: from}
		if err := tx.InsertAgreement(a); err != nil {
			return err
		}
	}
	return tx.InsertAgreement(&hub.Agreement{ID: hub.NewID[string](), Source: ids["LEAD"], Centre: ids["CITY"], From: from, Fallback: true})
}

// enrol makes one account with a random password, a token and, for who reads,
// a line of the roster.
func enrol(ctx context.Context, d *db.DB, accounts *account.Service, p person, member hub.MemberID) (Account, error) {
	made := Account{Member: p.member, Role: p.role, Rights: p.rights, Login: p.login, Password: password(), Name: p.name}
	if made.Rights == nil {
		made.Rights = []hub.Right{}
	}
	a := &hub.Account{Member: member, Login: p.login, Name: p.name, Role: p.role, Rights: p.rights, Title: p.title, Phone: p.phone,
		AutoSubmit: p.role == hub.Tech || p.role == hub.Clinician}
	if err := accounts.CreateAccount(ctx, hub.System, a, made.Password); err != nil {
		return made, err
	}
	if p.role == hub.Reader || p.role == hub.Reviewer || p.role == hub.Expert {
		err := d.Tx(ctx, func(tx *db.Tx) error {
			return tx.InsertDuty(&hub.Duty{Account: a.ID, From: tx.Now().Add(-time.Hour)})
		})
		if err != nil {
			return made, err
		}
	}
	var err error
	made.Token, err = accounts.MintToken(ctx, hub.Actor{Account: a.ID, Member: member, Role: p.role}, a.ID, "demo", 0)
	return made, err
}

// password returns 16 random characters with all classes the rules ask for.
func password() string {
	const letters = "abcdefghjkmnpqrstuvwxyzABCDEFGHJKMNPQRSTUVWXYZ23456789"
	var b [13]byte
	rand.Read(b[:])
	for i := range b {
		b[i] = letters[int(b[i])%len(letters)]
	}
	return "Yz" + string(b[:]) + "7"
}

// AccountsPath is where the demo's accounts stand.
func AccountsPath(dir string) string { return filepath.Join(dir, accountsFile) }
