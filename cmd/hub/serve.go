package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/yuanzhen/yuanzhen/internal/account"
	"github.com/yuanzhen/yuanzhen/internal/recognition"
	"github.com/yuanzhen/yuanzhen/internal/worklist"
)

type serveCommand struct{ Settings }

// Run serves until ctx ends.
func (c *serveCommand) Run(ctx context.Context, out io.Writer) error {
	rules, err := c.rules(worklist.DefaultRules())
	if err != nil {
		return err
	}
	sys, err := assemble(ctx, &c.Settings, rules, account.DefaultParams)
	if err != nil {
		return err
	}
	defer sys.close()
	if err := sys.db.Tx(ctx, recognition.SeedCatalogue); err != nil {
		return err
	}
	return sys.serve(ctx, func(ctx context.Context) error { return sys.announce(ctx, out) })
}

// serve runs everything until ctx ends, then stops softly: nothing new is
// accepted, what runs is finished. started runs once the addresses are open,
// before the hub says it is ready.
func (sys *system) serve(ctx context.Context, started func(context.Context) error) error {
	web, dicom, err := sys.listen()
	if err != nil {
		return err
	}
	inner, stop := context.WithCancel(context.Background())
	defer stop()
	wait := sys.background(inner)
	server := &http.Server{Handler: sys.api.Handler(), ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10}
	var serving sync.WaitGroup
	failed := make(chan error, 3)
	serving.Go(func() {
		if sys.settings.TLSCert != "" {
			server.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12}
			failed <- server.ServeTLS(web, sys.settings.TLSCert, sys.settings.TLSKey)
			return
		}
		failed <- server.Serve(web)
	})
	dicomCtx, stopDICOM := context.WithCancel(ctx)
	defer stopDICOM()
	serving.Go(func() { failed <- sys.dicomServer().Serve(dicomCtx, dicom) })
	if sys.secure != nil {
		overTLS := sys.dicomServer()
		overTLS.TLS = sys.node.TLS
		serving.Go(func() { failed <- overTLS.Serve(dicomCtx, sys.secure) })
	}
	sys.log.Info("hub listens", "http", web.Addr().String(), "dicom", dicom.Addr().String(), "data", sys.settings.Data)
	err = started(ctx)
	if err == nil {
		sys.api.SetReady()
		select {
		case <-ctx.Done():
		case err = <-failed:
		}
	}
	sys.log.Info("hub stops")
	soft, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	stopDICOM()
	err = errors.Join(err, server.Shutdown(soft))
	server.Close()
	serving.Wait()
	stop()
	wait()
	if errors.Is(err, http.ErrServerClosed) || errors.Is(err, context.DeadlineExceeded) {
		return nil
	}
	return err
}

// announce prints where to go. A hub without an administrator prints the
// one-time link that makes the first one.
func (sys *system) announce(ctx context.Context, out io.Writer) error {
	secret, err := sys.accounts.SetupLink(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "远诊已启动 / hub is running: %s\n", sys.address())
	if secret != "" {
		fmt.Fprintf(out, "首次设置（24 小时内有效，仅用一次）/ first set-up, once, within 24 h:\n  %s/setup#%s\n", sys.address(), secret)
	}
	return nil
}
