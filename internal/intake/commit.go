package intake

import (
	"bytes"
	"context"
	"slices"
	"time"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
	"github.com/yuanzhen/yuanzhen/storage"
)

const (
	// groupMost is how many objects one commit makes durable together at most.
	groupMost = 64
	// groupWait is how long a commit waits for objects that are being received:
	// one flush of four objects costs as much as one of one.
	groupWait = 2 * time.Millisecond
)

// arrival is one parsed object on its way to a commit.
type arrival struct {
	src     Source
	part    storage.Part
	head    fileHead
	ds      *dicom.Dataset
	syntax  dicom.TransferSyntax
	crc     uint32 // CRC-32C of the bytes
	object  *object
	awaited bool    // counted in Intake.receiving
	copy    *copied // of an ECG, until it is read
	wave    *trace  // of an ECG
	file    *file   // of an ECG that is no DICOM object

	out  Outcome
	err  error
	done chan struct{}
}

// arrive hands an object to the committer and waits for what became of it.
// Once handed over it is committed even if the sender is gone.
func (in *Intake) arrive(ctx context.Context, a *arrival) (*Outcome, error) {
	defer a.copy.discard()
	if a.object != nil && a.object.ecg {
		if err := in.readWave(ctx, a); err != nil {
			in.received(a)
			return nil, err
		}
	}
	a.done = make(chan struct{})
	select {
	case in.arriving <- a:
		in.received(a)
	case <-ctx.Done():
		in.received(a)
		return nil, ctx.Err()
	}
	<-a.done
	if a.err != nil {
		return nil, a.err
	}
	return &a.out, nil
}

// Run commits what arrives until ctx ends, then what has been handed over. It
// works in two stages: while the rows of one group are written, the bytes of
// the next are flushed.
func (in *Intake) Run(ctx context.Context) {
	flushed := make(chan []*arrival, 1)
	go func() {
		defer close(flushed)
		for group := in.gather(ctx); group != nil; group = in.gather(ctx) {
			if group = in.flush(group); len(group) > 0 {
				flushed <- group
			}
		}
	}()
	for group := range flushed {
		in.index(group)
	}
}

// received ends the time in which a commit waits for an object.
func (in *Intake) received(a *arrival) {
	if a.awaited {
		a.awaited = false
		in.receiving.Add(-1)
	}
}

// gather waits for an arrival and takes those that came meanwhile with it, and
// those that are about to. It returns nil when ctx has ended and nobody waits.
func (in *Intake) gather(ctx context.Context) []*arrival {
	var group []*arrival
	select {
	case a := <-in.arriving:
		group = append(group, a)
	case <-ctx.Done():
		select {
		case a := <-in.arriving:
			group = append(group, a)
		default:
			return nil
		}
	}
	var late <-chan time.Time
	for len(group) < groupMost {
		select {
		case a := <-in.arriving:
			group = append(group, a)
			continue
		default:
		}
		if in.receiving.Load() == 0 {
			break
		}
		if late == nil {
			timer := time.NewTimer(groupWait)
			defer timer.Stop()
			late = timer.C
		}
		select {
		case a := <-in.arriving:
			group = append(group, a)
		case <-late:
			return group
		}
	}
	return group
}

// flush makes the bytes of a group durable and returns those that are.
func (in *Intake) flush(group []*arrival) []*arrival {
	parts := make([]storage.Part, len(group))
	for i, a := range group {
		parts[i] = a.part
	}
	err := in.Objects.Sync(context.Background(), parts)
	if err == nil {
		return group
	}
	in.Log.Error("intake: flush", "objects", len(group), "error", err)
	for _, a := range group {
		a.finish(unavailable(err))
	}
	return nil
}

// Busy reports that objects came in within the last second: work that can
// wait does.
func (in *Intake) Busy() bool { return time.Since(time.Unix(0, in.lastAt.Load())) < time.Second }

func (a *arrival) finish(err error) {
	a.err = err
	close(a.done)
}

// index writes the rows of a group in one transaction and wakes its senders.
// If that fails, each object gets a transaction of its own, so that one bad
// object does not take others with it.
func (in *Intake) index(group []*arrival) {
	began := time.Now()
	err := in.write(group)
	if err != nil && len(group) > 1 {
		for _, a := range group {
			in.index([]*arrival{a})
		}
		return
	}
	for _, a := range group {
		if err != nil {
			in.Log.Error("intake: index", "via", a.src.Via, "error", err)
			if hub.KindOf(err) == hub.Internal {
				err = unavailable(err)
			}
			a.finish(err)
			continue
		}
		in.Count.Taken(a.src.Actor.Member, string(a.out.Result), a.part.Size())
		a.finish(nil)
	}
	if err == nil {
		in.lastAt.Store(time.Now().UnixNano())
		in.Count.Committed(len(group), time.Since(began))
	}
}

func (in *Intake) write(group []*arrival) error {
	fresh := &session{in: in, grown: map[*known]*growth{}}
	err := in.DB.Tx(context.Background(), func(tx *db.Tx) error {
		fresh.reset()
		for _, a := range group {
			if err := fresh.take(tx, a); err != nil {
				return err
			}
		}
		if err := fresh.store(tx); err != nil {
			return err
		}
		return fresh.count(tx)
	})
	if err != nil {
		fresh.reset() // what the transaction made does not exist
	}
	return err
}

// session is one transaction's work: what it made known, the instances it
// stores, and how far each study grew.
type session struct {
	in     *Intake
	made   []string // keys of Intake.known that this transaction made
	placed []placed
	grown  map[*known]*growth
}

// placed is an instance whose study and series are there.
type placed struct {
	*arrival
	study *known
	row   *hub.Instance
}

// known is what the committer remembers of a study, to save look-ups.
type known struct {
	study  *db.StudyRow
	series map[string]hub.SeriesID
	task   hub.TaskID
	told   time.Time // when screens last heard of progress
	routed time.Time // when the routes last heard of it
}

func studyKey(member hub.MemberID, uid string) string { return string(member) + "/" + uid }

type growth struct {
	instances, series int
	lost              int // instances without pixels they promise
	bytes             int64
	perSeries         map[hub.SeriesID]int
}

// knownMost bounds the studies that are remembered.
const knownMost = 2048

func (s *session) reset() {
	for _, key := range s.made {
		delete(s.in.known, key)
	}
	for k := range s.grown {
		delete(s.in.known, studyKey(k.study.Member, k.study.UID))
	}
	s.made, s.placed, s.grown = nil, nil, map[*known]*growth{}
	if len(s.in.known) > knownMost {
		clear(s.in.known)
	}
}

// take writes the rows of one object, but for an instance's own: those of a
// group are stored together.
func (s *session) take(tx *db.Tx, a *arrival) error {
	if a.object == nil {
		return s.takeRecording(tx, a)
	}
	o := a.object
	a.out = Outcome{Result: Stored, Class: o.instance.Class, UID: o.instance.UID, StudyUID: o.study.UID, SeriesUID: o.series.UID, Warnings: a.ds.Notes, Stated: o.stated}
	sum, ref := a.part.Sum(), a.part.Ref()
	var series hub.SeriesID
	k := s.in.known[studyKey(a.src.Actor.Member, o.study.UID)]
	if k != nil {
		series = k.series[o.series.UID]
	}
	if series == "" { // an object that is here already must not open a study or a series
		old, err := tx.InstanceByUID(a.src.Actor.Member, o.instance.UID)
		if err == nil {
			return s.again(tx, a, old, sum)
		}
		if hub.KindOf(err) != hub.NotFound {
			return err
		}
		if k, err = s.studyOf(tx, a); err != nil {
			return err
		}
		if series, err = s.seriesOf(tx, k, o, s.growth(k)); err != nil {
			return err
		}
	}
	i := o.instance
	i.ID, i.Series, i.Study, i.Member = hub.NewID[hub.InstanceID](), series, k.study.ID, a.src.Actor.Member
	i.Object, i.Offset, i.Length, i.Digest, i.CRC, i.CreatedAt = string(ref.Key), ref.Offset, ref.Length, sum[:], int64(a.crc), tx.Now()
	s.placed = append(s.placed, placed{a, k, &i})
	return nil
}

// store writes the rows of all instances by one statement: over a network each
// would wait for an answer of its own. Those whose UID is taken are answered
// one by one.
func (s *session) store(tx *db.Tx) error {
	rows := make([]*hub.Instance, len(s.placed))
	for i, p := range s.placed {
		rows[i] = p.row
	}
	stored, err := tx.InsertInstances(rows...)
	if err != nil {
		return err
	}
	for _, p := range s.placed {
		if stored[p.row.ID] {
			err = s.grow(tx, p)
		} else if old, e := tx.InstanceByUID(p.row.Member, p.row.UID); e != nil {
			err = e
		} else {
			err = s.again(tx, p.arrival, old, p.part.Sum())
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// grow counts an instance that has just been stored into its study.
func (s *session) grow(tx *db.Tx, p placed) error {
	g := s.growth(p.study)
	g.instances++
	g.bytes += p.row.Length
	g.perSeries[p.row.Series]++
	if lost := p.object.lost; lost != nil {
		g.lost++
		p.out.Warnings = append(slices.Clip(p.out.Warnings), lost.Error())
	}
	p.out.Study, p.out.Task = p.study.study.ID, p.study.task
	if p.wave != nil {
		return s.recordInstance(tx, p.arrival, p.study, p.row)
	}
	return nil
}

// again answers an object whose UID is here already: the same bytes change
// nothing, other bytes go to quarantine and the first stay.
func (s *session) again(tx *db.Tx, a *arrival, old *hub.Instance, sum storage.Digest) error {
	a.out.Study = old.Study
	if tasks, err := tx.TasksOfStudy(old.Study); err != nil {
		return err
	} else if len(tasks) > 0 {
		a.out.Task, a.out.Recording = tasks[0].ID, tasks[0].Recording
	}
	if bytes.Equal(old.Digest, sum[:]) {
		a.out.Result = Duplicate
		return s.sameTrace(tx, a, old)
	}
	ref := a.part.Ref()
	a.out.Result = Conflict
	q := &hub.Quarantined{ID: hub.NewID[hub.QuarantineID](), Member: a.src.Actor.Member, Code: "dicom.other_bytes", Source: a.src.Via, Name: a.src.Name,
		Reason: "other bytes are stored under this SOP Instance UID already", Head: a.headOf(), Object: string(ref.Key), Offset: ref.Offset, Length: ref.Length, Digest: sum[:]}
	a.out.Quarantine = q.ID
	return keep(tx, a.src.Actor, q)
}

func (s *session) growth(k *known) *growth {
	g, ok := s.grown[k]
	if !ok {
		g = &growth{perSeries: map[hub.SeriesID]int{}}
		s.grown[k] = g
	}
	return g
}

// seriesOf finds or makes the series an object belongs to.
func (s *session) seriesOf(tx *db.Tx, k *known, o *object, g *growth) (hub.SeriesID, error) {
	if id, ok := k.series[o.series.UID]; ok {
		return id, nil
	}
	if row, err := tx.SeriesByUID(k.study.ID, o.series.UID); err == nil {
		k.series[o.series.UID] = row.ID
		return row.ID, nil
	} else if hub.KindOf(err) != hub.NotFound {
		return "", err
	}
	row := o.series
	row.ID, row.Study = hub.NewID[hub.SeriesID](), k.study.ID
	if err := tx.InsertSeries(&row); err != nil {
		return "", err
	}
	k.series[row.UID] = row.ID
	g.series++
	for _, m := range k.study.Modalities {
		if m == row.Modality {
			return row.ID, nil
		}
	}
	if row.Modality != "" {
		k.study.Modalities = append(k.study.Modalities, row.Modality)
	}
	return row.ID, nil
}

// count writes how far studies and series grew, once a transaction.
func (s *session) count(tx *db.Tx) error {
	for k, g := range s.grown {
		if g.instances == 0 {
			continue
		}
		for id, n := range g.perSeries {
			if err := tx.AddSeriesInstances(id, n); err != nil {
				return err
			}
		}
		if err := tx.AddArrived(k.study, g.instances, g.series, g.bytes); err != nil {
			return err
		}
		if err := s.route(tx, k); err != nil {
			return err
		}
		if err := s.lack(tx, k, g.lost); err != nil {
			return err
		}
		if err := s.tell(tx, k); err != nil {
			return err
		}
	}
	return nil
}

// route lets the routes look at a growing study once it is quiet; they hear
// of it at most once a second, and look again at its last object.
func (s *session) route(tx *db.Tx, k *known) error {
	now := tx.Now()
	if now.Sub(k.routed) < tellEvery {
		return nil
	}
	k.routed = now
	return tx.RouteLater(k.study.ID, now.Add(s.in.Work.Rules.Settle))
}
