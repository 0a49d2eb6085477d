package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/yuanzhen/yuanzhen/dicom/dimse"
	"github.com/yuanzhen/yuanzhen/internal/account"
	"github.com/yuanzhen/yuanzhen/internal/api"
	"github.com/yuanzhen/yuanzhen/internal/arrive"
	"github.com/yuanzhen/yuanzhen/internal/audit"
	"github.com/yuanzhen/yuanzhen/internal/critical"
	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/delivery"
	"github.com/yuanzhen/yuanzhen/internal/hub"
	"github.com/yuanzhen/yuanzhen/internal/intake"
	"github.com/yuanzhen/yuanzhen/internal/keys"
	"github.com/yuanzhen/yuanzhen/internal/metric"
	"github.com/yuanzhen/yuanzhen/internal/order"
	"github.com/yuanzhen/yuanzhen/internal/reassign"
	"github.com/yuanzhen/yuanzhen/internal/recognition"
	"github.com/yuanzhen/yuanzhen/internal/report"
	"github.com/yuanzhen/yuanzhen/internal/route"
	"github.com/yuanzhen/yuanzhen/internal/settle"
	"github.com/yuanzhen/yuanzhen/internal/upload"
	"github.com/yuanzhen/yuanzhen/internal/worklist"
	"github.com/yuanzhen/yuanzhen/storage"
	"github.com/yuanzhen/yuanzhen/storage/disk"
	"github.com/yuanzhen/yuanzhen/storage/s3"
)

// openWriters bounds the objects that are being written at the same time.
const openWriters = 256

// resignWithin bounds the hand-over of a stopping node.
const resignWithin = 2 * time.Second

// system is a hub with all its parts; this file is the only one that knows
// which backend serves which port.
type system struct {
	settings *Settings
	rules    worklist.Rules
	log      *slog.Logger
	db       *db.DB
	objects  storage.Objects
	keys     *keys.Ring
	spool    string
	metrics  *metric.Metrics
	accounts *account.Service
	work     *worklist.Service
	intake   *intake.Intake
	settled  *settle.Store
	critical *critical.Service
	reports  *report.Service
	node     *arrive.Node
	router   *route.Router
	api      *api.Server
	aliases  []api.Alias // other roots of the DICOMweb services
	id       string      // of this node
	web      string      // addresses in use, once listening
	dicom    string
	secure   net.Listener // of DICOM over TLS, nil without
}

// assemble opens the stores and joins the parts. close ends what it opened.
func assemble(ctx context.Context, s *Settings, rules worklist.Rules, cost account.Params) (*system, error) {
	level := slog.LevelInfo
	if s.Debug {
		level = slog.LevelDebug
	}
	sys := &system{settings: s, rules: rules, log: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: level})), id: hub.NewID[string]()}
	if err := os.MkdirAll(s.Data, 0o700); err != nil {
		return nil, err
	}
	var err error
	if sys.aliases, err = s.aliases(); err != nil {
		return nil, err
	}
	if sys.spool, err = openSpool(s.Data); err != nil {
		return nil, err
	}
	if sys.keys, err = keys.Open(s.Data); err != nil {
		return nil, err
	}
	if sys.db, err = db.Open(ctx, s.database()); err != nil {
		return nil, err
	}
	if !sys.db.Postgres() {
		sys.id = "only" // leads again at once after a restart, whatever ended the last run
	}
	if sys.objects, err = openObjects(ctx, s); err != nil {
		return nil, errors.Join(err, sys.db.Close())
	}
	if err := sys.db.Tx(ctx, func(tx *db.Tx) error { return sys.keys.Bind(tx) }); err != nil {
		return nil, errors.Join(err, sys.close())
	}
	sys.join(cost)
	return sys, nil
}

func openObjects(ctx context.Context, s *Settings) (storage.Objects, error) {
	if s.Objects == "" {
		o, err := disk.Open(s.Data)
		return limited(o, err)
	}
	u, err := url.Parse(s.Objects)
	if err != nil {
		return nil, err
	}
	if u.Scheme == "file" {
		o, err := disk.Open(u.Opaque + u.Path)
		return limited(o, err)
	}
	end, err := url.Parse(u.Query().Get("endpoint"))
	if err != nil || end.Host == "" {
		return nil, fmt.Errorf("--objects: endpoint %q is not an address", u.Query().Get("endpoint"))
	}
	region := u.Query().Get("region")
	if region == "" {
		region = os.Getenv("AWS_REGION")
	}
	o, err := s3.Open(ctx, s3.Config{Endpoint: end.Host, Secure: end.Scheme == "https", Region: region, Bucket: u.Host,
		Prefix: strings.Trim(u.Path, "/"), AccessKey: os.Getenv("AWS_ACCESS_KEY_ID"), SecretKey: os.Getenv("AWS_SECRET_ACCESS_KEY")})
	return limited(o, err)
}

func limited[T storage.Objects](o T, err error) (storage.Objects, error) {
	if err != nil {
		return nil, err
	}
	return storage.Limit(o, openWriters), nil
}

// join connects the parts.
func (sys *system) join(cost account.Params) {
	sys.metrics = metric.New(sys.db)
	sys.metrics.Folder(sys.settings.Data)
	sys.objects = sys.metrics.Watch(sys.objects)
	sys.accounts = account.New(sys.db, sys.keys, sys.log, accountLimits(sys.rules), cost)
	sys.work = &worklist.Service{DB: sys.db, Rules: sys.rules}
	sys.intake = intake.New(sys.db, sys.objects, sys.work, sys.keys, sys.metrics, sys.log)
	sys.intake.Spool = sys.spool
	sys.settled = settle.New(sys.db, sys.objects, sys.metrics, sys.log, sys.rules.Settle)
	sys.settled.Busy, sys.settled.Pack = sys.intake.Busy, strings.HasPrefix(sys.settings.Objects, "s3:")
	sys.node = arrive.New(sys.db, sys.objects, sys.intake, sys.work)
	sys.node.AET, sys.node.Log, sys.node.Opened, sys.node.Answered = sys.settings.AET, sys.log, sys.metrics.Associations, sys.metrics.Stored
	sys.node.Silent, sys.node.Settled = sys.metrics.SilentDevices, sys.settled
	sys.router = &route.Router{DB: sys.db, Open: sys.node.Received, As: sys.node.As, Unseal: sys.keys.Unseal, AET: sys.settings.AET, Settle: sys.rules.Settle, Count: sys.metrics, Log: sys.log}
	sys.critical = &critical.Service{DB: sys.db, Rules: sys.rules, Webhooks: sys.settings.Webhook}
	sys.reports = &report.Service{DB: sys.db, Keys: sys.keys, Objects: sys.objects, Work: sys.work, Address: sys.public, Log: sys.log}
	orders := &order.Service{DB: sys.db, Sealer: sys.keys}
	recognised := &recognition.Service{DB: sys.db, Hash: sys.keys.IndexHash, Orders: orders, Count: sys.metrics}
	orders.Gate = recognised.Gate
	sys.api = &api.Server{DB: sys.db, Objects: sys.objects, Keys: sys.keys, Accounts: sys.accounts, Work: sys.work, Intake: sys.intake, Orders: orders, Recognition: recognised, Uploads: upload.New(sys.intake, sys.work),
		Reassign: &reassign.Service{DB: sys.db, Work: sys.work, Orders: orders},
		Critical: sys.critical, Reports: sys.reports, Settled: sys.settled, Metrics: sys.metrics, Log: sys.log, Version: version, Secure: sys.settings.TLSCert != ""}
	sys.api.Forwards = &route.Rules{DB: sys.db, Seal: sys.keys.Seal}
	sys.api.Aliases, sys.api.Origins = sys.aliases, sys.settings.CORS
	sys.reports.Trace = sys.api.Trace
}

// accountLimits are the rules of passwords and sessions.
func accountLimits(r worklist.Rules) account.Limits {
	return account.Limits{Failures: r.LockFailures, Lock: r.LockTime, Session: r.SessionLife, Idle: r.SessionIdle, MinPassword: r.MinPassword, Invitation: r.Invitation,
		Tries: r.LoginTries, Window: r.LoginWindow}
}

// public is where people reach the hub: the address on printed reports.
func (sys *system) public() string {
	if sys.settings.PublicURL != "" {
		return strings.TrimRight(sys.settings.PublicURL, "/")
	}
	return sys.address()
}

// address is where the hub listens.
func (sys *system) address() string {
	scheme := "http"
	if sys.settings.TLSCert != "" {
		scheme = "https"
	}
	return scheme + "://" + sys.web
}

func (sys *system) close() error { return errors.Join(sys.objects.Close(), sys.db.Close()) }

// background starts what works without being asked. The returned function
// waits for all of it after ctx has ended, and hands this node's leaderships
// over.
func (sys *system) background(ctx context.Context) (wait func()) {
	var running sync.WaitGroup
	running.Go(func() { sys.intake.Run(ctx) })
	running.Go(func() { sys.settled.Run(ctx, sys.id) })
	running.Go(func() { sys.work.Run(ctx, sys.id, sys.log) })
	running.Go(func() { sys.node.Run(ctx, sys.id) })
	running.Go(func() { sys.node.Watch(ctx, sys.id) })
	sys.router.TLS = sys.node.TLS // known since the hub listens
	running.Go(func() { sys.router.Run(ctx, sys.id) })
	running.Go(func() { sys.critical.Run(ctx, sys.id, sys.log) })
	running.Go(func() {
		(&critical.Postman{DB: sys.db, Webhooks: sys.settings.Webhook, Secret: sys.settings.WebhookSecret, Log: sys.log}).Run(ctx, sys.id)
	})
	running.Go(func() { (&delivery.Service{DB: sys.db, Log: sys.log}).Run(ctx) })
	running.Go(func() { sys.api.Tail(ctx) })
	running.Go(func() { sys.api.Uploads.Run(ctx, sys.id) })
	running.Go(func() {
		(&audit.Sealer{DB: sys.db, Keys: sys.keys, Objects: sys.objects, Node: sys.id, Log: sys.log}).Run(ctx)
	})
	return func() {
		running.Wait()
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), resignWithin)
		defer cancel()
		if err := sys.db.Resign(ctx, sys.id); err != nil {
			sys.log.Warn("leadership not handed over, it ends by itself", "error", err)
		}
	}
}

// dicomServer answers associations.
func (sys *system) dicomServer() *dimse.Server {
	return &dimse.Server{Handler: sys.node, Log: sys.log, Grace: 5 * time.Second}
}

// listen opens both addresses and writes them to DATA/addresses.json.
func (sys *system) listen() (web, dicom net.Listener, err error) {
	if web, err = net.Listen("tcp", sys.settings.HTTP); err != nil {
		return nil, nil, err
	}
	if dicom, err = net.Listen("tcp", sys.settings.DICOM); err != nil {
		web.Close()
		return nil, nil, err
	}
	sys.web, sys.dicom = web.Addr().String(), dicom.Addr().String()
	text := fmt.Sprintf("{\"http\":%q,\"dicom\":%q}\n", web.Addr(), dicom.Addr())
	if sys.node.TLS, err = sys.settings.dicomTLS(); err != nil {
		return web, dicom, err
	}
	if at := sys.settings.DICOMTLS.Address; at != "" {
		if sys.secure, err = net.Listen("tcp", at); err != nil {
			return web, dicom, err
		}
		text = fmt.Sprintf("{\"http\":%q,\"dicom\":%q,\"dicom_tls\":%q}\n", web.Addr(), dicom.Addr(), sys.secure.Addr())
	}
	return web, dicom, os.WriteFile(filepath.Join(sys.settings.Data, "addresses.json"), []byte(text), 0o644)
}
