package codec

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
)

const (
	// live is how many modules may run or wait at once.
	live = 2
	// baseMemory is what a module may use whatever the image: its own stack and
	// tables, and the working memory for small images.
	baseMemory = 96 << 20
	// keepMemory is the largest memory of an instance that is kept for the next
	// image. Memory of WebAssembly never shrinks.
	keepMemory = 128 << 20
	// maxMemory is what these modules can address.
	maxMemory = 2 << 30
	// patience is how long a call may work, and what each byte of samples and
	// each of the codestream add: some twenty times what most need.
	patience          = time.Second
	patiencePerSample = 400 * time.Nanosecond
	patiencePerCoded  = 6 * time.Microsecond
)

// build is one WebAssembly module and how it names things.
type build struct {
	name    string            // of the codec
	file    string            // of the module
	start   string            // export that runs the C++ constructors
	abort   string            // letter of _abort_js
	imports map[string]string // names of hostCalls by the module's letters
	faster  map[int][]byte    // bodies of functions that replace its own

	once     sync.Once
	err      error
	runtime  wazero.Runtime
	compiled wazero.CompiledModule
}

// instanceKey finds the instance that called, in the context of the call.
type instanceKey struct{}

func (in *instance) context() context.Context {
	return context.WithValue(context.Background(), instanceKey{}, in)
}

// compile prepares the module when it is first needed.
func (k *build) compile() error {
	k.once.Do(func() { k.err = k.prepare() })
	return k.err
}

func (k *build) prepare() error {
	wasm, err := load(files, k.file, sums)
	if err != nil {
		return err
	}
	if wasm, err = changed(wasm, k.faster, k.abort); err != nil {
		return fmt.Errorf("codec %s: %w", k.file, err)
	}
	ctx := context.Background()
	k.runtime = wazero.NewRuntime(ctx)
	if k.compiled, err = k.runtime.CompileModule(ctx, wasm); err != nil {
		return fmt.Errorf("codec %s: %w", k.file, err)
	}
	host := k.runtime.NewHostModuleBuilder("a")
	for _, f := range k.compiled.ImportedFunctions() {
		_, letter, _ := f.Import()
		serve := hostCalls[k.imports[letter]]
		host.NewFunctionBuilder().WithGoModuleFunction(api.GoModuleFunc(func(ctx context.Context, mod api.Module, stack []uint64) {
			if serve == nil {
				clear(stack)
				return
			}
			in := ctx.Value(instanceKey{}).(*instance)
			in.mod = mod
			serve(in, stack)
		}), f.ParamTypes(), f.ResultTypes()).Export(letter)
	}
	if _, err := host.Instantiate(ctx); err != nil {
		return fmt.Errorf("codec %s: %w", k.file, err)
	}
	return nil
}

// instantiate starts a module that may grow to limit bytes.
func (k *build) instantiate(limit uint64) (*instance, error) {
	memory := reserve(limit)
	if memory == nil {
		return nil, fmt.Errorf("codec %s: no room for %d bytes of memory", k.file, limit)
	}
	in := &instance{kind: k, limit: uint32(limit), started: time.Now(),
		classes: map[uint32]*class{}, named: map[string]*class{},
		objects: map[uint32]*valueObject{}, structs: map[string]*valueObject{}}
	in.most = in.spent() + patience
	ctx := experimental.WithMemoryAllocator(in.context(), experimental.MemoryAllocatorFunc(
		func(uint64, uint64) experimental.LinearMemory { return memory }))
	mod, err := k.runtime.InstantiateModule(ctx, k.compiled, wazero.NewModuleConfig().WithName("").WithStartFunctions(k.start))
	if err != nil {
		memory.Free()
		return nil, fmt.Errorf("codec %s: %w", k.file, err)
	}
	in.mod = mod
	return in, nil
}

// pool bounds how many modules live.
type pool struct {
	turn chan struct{} // one for each that runs
	mu   sync.Mutex
	idle []*instance // guarded by mu; with those that run never more than live
}

var shared = pool{turn: make(chan struct{}, live)}

// get finds or starts an instance; the caller has its turn.
func (p *pool) get(k *build, limit uint64) (*instance, error) {
	if in := p.take(k, limit); in != nil {
		return in, nil
	}
	return k.instantiate(limit)
}

// take finds an idle instance that will do; if there is none it makes room.
func (p *pool) take(k *build, limit uint64) *instance {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, in := range p.idle {
		if in.kind == k && uint64(in.limit) >= limit {
			p.idle = append(p.idle[:i], p.idle[i+1:]...)
			return in
		}
	}
	if len(p.idle)+len(p.turn) > live { // turn counts the caller already
		p.idle[0].close()
		p.idle = p.idle[1:]
	}
	return nil
}

func (p *pool) put(in *instance) {
	if in.limit > keepMemory {
		in.close()
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.idle = append(p.idle, in)
}

func (in *instance) close() { in.mod.Close(context.Background()) }

// run calls do with an instance whose memory may grow to baseMemory and
// memory bytes; the bytes of samples and codestream say how long it may work.
func (k *build) run(samples, coded, memory int64, do func(context.Context, *instance) error) error {
	if err := k.compile(); err != nil {
		return err
	}
	limit := max(uint64(baseMemory+memory+1<<16-1)&^(1<<16-1), keepMemory)
	if limit > maxMemory {
		return fmt.Errorf("%w: %s image of %d bytes", ErrUnsupported, k.name, samples)
	}
	shared.turn <- struct{}{}
	defer func() { <-shared.turn }()
	wait := patience + time.Duration(samples)*patiencePerSample + time.Duration(coded)*patiencePerCoded
	return k.within(wait, limit, do)
}

// within calls do and stops it when it has worked for wait. After an error the
// instance is dropped, for nobody knows what it left behind.
func (k *build) within(wait time.Duration, limit uint64, do func(context.Context, *instance) error) error {
	runtime.LockOSThread() // spent is that of a thread
	defer runtime.UnlockOSThread()
	in, err := shared.get(k, limit)
	if err != nil {
		return err
	}
	in.printed, in.most = in.printed[:0], in.spent()+wait
	if err = do(in.context(), in); err == nil {
		shared.put(in)
		return nil
	}
	fault := in.fault()
	in.close()
	switch {
	case errors.Is(err, errLate):
		return fmt.Errorf("%s takes longer than %s", k.name, wait)
	case fault != "":
		return fmt.Errorf("%s: %s", k.name, fault)
	case errors.Is(err, errThrown):
		return fmt.Errorf("%s: %w", k.name, errThrown)
	}
	return fmt.Errorf("%s: %s", k.name, firstLine(err))
}

// firstLine leaves out the stack trace that follows a module's fault.
func firstLine(err error) string {
	s, _, _ := strings.Cut(err.Error(), "\n")
	return s
}
