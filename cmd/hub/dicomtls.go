package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
)

// DICOMTLS is the second address of the DICOM node, which speaks TLS 1.2 or
// 1.3 (PS3.15 annex B), and what the node shows when it calls others.
type DICOMTLS struct {
	Address      string `name:"dicom-tls" help:"Address at which the DICOM node speaks TLS; none if not given."`
	DICOMTLSCert string `name:"dicom-tls-cert" help:"Certificate chain (PEM) of the DICOM node, also shown to the nodes it calls; default --tls-cert." type:"path"`
	DICOMTLSKey  string `name:"dicom-tls-key" help:"Private key (PEM); default --tls-key." type:"path"`
	DICOMTLSCA   string `name:"dicom-tls-ca" help:"Authorities (PEM) of other nodes' certificates. Given, every device must show one of theirs." type:"path"`
}

// validateTLS names what is wrong with the settings of DICOM over TLS.
func (s *Settings) validateTLS() error {
	if s.DICOMTLS.Address == "" {
		return nil
	}
	if _, _, err := net.SplitHostPort(s.DICOMTLS.Address); err != nil {
		return fmt.Errorf("--dicom-tls %q: want HOST:PORT", s.DICOMTLS.Address)
	}
	if (s.DICOMTLSCert == "") != (s.DICOMTLSKey == "") || s.DICOMTLSCert == "" && s.TLSCert == "" {
		return errors.New("--dicom-tls needs --dicom-tls-cert and --dicom-tls-key, or --tls-cert and --tls-key")
	}
	return nil
}

// dicomTLS reads the node's certificate and the authorities it trusts; nil
// where there is neither.
func (s *Settings) dicomTLS() (*tls.Config, error) {
	cert, key := s.DICOMTLSCert, s.DICOMTLSKey
	if cert == "" {
		cert, key = s.TLSCert, s.TLSKey
	}
	// Devices may show a certificate: those registered with one must.
	conf := &tls.Config{MinVersion: tls.VersionTLS12, ClientAuth: tls.RequestClientCert}
	if cert != "" {
		pair, err := tls.LoadX509KeyPair(cert, key)
		if err != nil {
			return nil, fmt.Errorf("certificate of the DICOM node: %w", err)
		}
		conf.Certificates = []tls.Certificate{pair}
	}
	if s.DICOMTLSCA != "" {
		pool, err := authorities(s.DICOMTLSCA)
		if err != nil {
			return nil, err
		}
		conf.ClientCAs, conf.ClientAuth = pool, tls.RequireAndVerifyClientCert
	}
	return conf, nil
}

// authorities reads a file of certificates.
func authorities(path string) (*x509.CertPool, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(data) {
		return nil, fmt.Errorf("%s: no certificate in it", path)
	}
	return pool, nil
}
