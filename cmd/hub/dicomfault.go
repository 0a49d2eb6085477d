package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"

	"github.com/yuanzhen/yuanzhen/dicom/dimse"
	"github.com/yuanzhen/yuanzhen/dicom/ul"
)

// refusal is a failure that the other node stated as the status of a service.
type refusal struct {
	service string
	dimse.Status
}

func (r *refusal) Error() string { return r.service + ": " + r.Status.String() }

// fault is what went wrong with another node, for whoever has to mend it: what
// to do in Chinese and in English, then the cause as it is.
type fault struct {
	zh, en string
	cause  error
}

func (f *fault) Error() string { return f.zh + "\n     " + f.en + "\n     " + f.cause.Error() }
func (f *fault) Unwrap() error { return f.cause }

// explained adds to an error what to do about it; nil and what needs no
// explanation are returned as they are.
func (p *dicomPeer) explained(err error) error {
	if err == nil {
		return nil
	}
	for _, explain := range []func(error) *fault{p.rejected, p.notTrusted, p.notReached, p.brokenOff, p.refused} {
		if f := explain(err); f != nil {
			f.cause = err
			return f
		}
	}
	return err
}

// rejected explains an A-ASSOCIATE-RJ, PS3.8 Table 9-21.
func (p *dicomPeer) rejected(err error) *fault {
	r, ok := errors.AsType[*ul.Reject](err)
	switch {
	case !ok:
		return nil
	case *r == *ul.RejectCalledAE:
		return &fault{zh: fmt.Sprintf("对方的AE标题不是 %s：请用 --called 指明", p.Called), en: fmt.Sprintf("the node's AE title is not %s: name it with --called", p.Called)}
	case *r == *ul.RejectCallingAE:
		return &fault{zh: fmt.Sprintf("对方不认识我方的AE标题 %s：请在对方登记，或用 --calling 指明另一个", p.Calling), en: fmt.Sprintf("the node does not know our AE title %s: register it there, or name another with --calling", p.Calling)}
	case r.Result == 2:
		return &fault{zh: "对方暂时繁忙：请稍后再试", en: "the node is busy: try again later"}
	}
	return &fault{zh: "对方拒绝建立关联：请查看对方日志", en: "the node refuses the association: its log says why"}
}

// notTrusted explains what fails in TLS.
func (p *dicomPeer) notTrusted(err error) *fault {
	var certificate *tls.CertificateVerificationError
	var name x509.HostnameError
	var record tls.RecordHeaderError
	var op *net.OpError
	switch {
	case errors.As(err, &name):
		return &fault{zh: "对方证书上的名称不符：请用 --tls-name 指明证书上的名称", en: "the node's certificate is for another name: name it with --tls-name"}
	case errors.As(err, &certificate):
		return &fault{zh: "对方的证书不受信任：请用 --tls-ca 指明其颁发机构", en: "the node's certificate is not trusted: name its authority with --tls-ca"}
	case errors.As(err, &record):
		return &fault{zh: "对方此端口不使用TLS：请去掉 --tls 或换端口", en: "the node does not speak TLS at this port: leave --tls out, or use another port"}
	case errors.As(err, &op) && op.Op == "remote error": // an alert, PS3.15 B leaves its kind open
		return &fault{zh: "对方不接受我方的TLS或证书：请用 --tls-cert 和 --tls-key 出示对方信任的证书", en: "the node does not take our TLS or certificate: show one it trusts with --tls-cert and --tls-key"}
	}
	return nil
}

// notReached explains why there is no connection.
func (p *dicomPeer) notReached(err error) *fault {
	var unknown *net.DNSError
	var op *net.OpError
	switch {
	case errors.As(err, &unknown):
		return &fault{zh: "找不到主机 " + p.Address, en: "there is no host of that name: " + p.Address}
	case errors.Is(err, syscall.ECONNREFUSED):
		return &fault{zh: p.Address + " 无人监听：请核对地址和端口，并确认对方已启动", en: "nobody listens at " + p.Address + ": check address and port, and that the node runs"}
	case errors.As(err, &op) && op.Op == "dial":
		return &fault{zh: "连不上 " + p.Address + "：请核对地址、网络和防火墙", en: "no way to " + p.Address + ": check address, network and firewall"}
	}
	return nil
}

// brokenOff explains why an association ended early.
func (p *dicomPeer) brokenOff(err error) *fault {
	var aborted *ul.AbortError
	switch {
	case errors.Is(err, dimse.ErrNoContext):
		return &fault{zh: "对方不提供此服务或不接受此类对象", en: "the node does not offer this service, or takes no such objects"}
	case errors.Is(err, ul.ErrTimeout) || errors.Is(err, os.ErrDeadlineExceeded):
		return &fault{zh: fmt.Sprintf("对方 %s 内没有应答：可用 --timeout 延长；若对方只用TLS，请加 --tls", p.Timeout), en: fmt.Sprintf("no answer within %s: wait longer with --timeout; if the node speaks TLS only, add --tls", p.Timeout)}
	case errors.As(err, &aborted):
		return &fault{zh: "对方中断了关联：请查看对方日志", en: "the node aborted the association: its log says why"}
	case errors.Is(err, ul.ErrClosed):
		return &fault{zh: "对方断开了连接：若对方只用TLS，请加 --tls；否则查看对方日志", en: "the node closed the connection: if it speaks TLS only, add --tls; else its log says why"}
	}
	return nil
}

// refused explains the commonest failures of services.
func (p *dicomPeer) refused(err error) *fault {
	r, ok := errors.AsType[*refusal](err)
	if !ok {
		return nil
	}
	switch {
	case r.Code == dimse.UnknownMover:
		return &fault{zh: "对方不认识目的地AE标题：请在对方登记其地址和端口", en: "the node does not know the destination: register it there with address and port"}
	case r.Code == dimse.NotAuthorized:
		return &fault{zh: "对方不允许我方使用此服务", en: "the node does not let us use this service"}
	case r.Code == dimse.IdentifierMismatch:
		return &fault{zh: "对方认为查询条件不符合所选层级：请核对 --level 和 -k", en: "the keys do not fit the level: check --level and -k"}
	case r.Code>>8 == 0xA7:
		return &fault{zh: "对方资源不足或一个也没能发送：请稍后再试，或查看对方日志", en: "the node lacks resources or could send none: try again later, or look into its log"}
	case r.Code == dimse.SubOperationsFailed:
		return &fault{zh: "部分对象未能传送", en: "some of the objects were not transferred"}
	}
	return &fault{zh: "对方返回失败状态", en: "the node answered with a failure"}
}
