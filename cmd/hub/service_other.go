//go:build !linux && !windows

package main

import (
	"context"
	"errors"
)

var errNoService = errors.New("hub knows systemd and Windows services only: let this system's own manager start `hub serve`")

func (c *serviceInstall) install(string) error { return errNoService }

func uninstall() error { return errNoService }

// asService reports whether the system's service manager wants a protocol of
// its own.
func asService(func(context.Context) error) (bool, error) { return false, nil }
