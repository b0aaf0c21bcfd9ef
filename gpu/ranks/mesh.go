package ranks

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"divvy/gpu/program"
)

// Mesh is a program.Group over a socket to each of the other ranks.
type Mesh struct {
	rank  int
	peers []net.Conn // nil at rank
}

var _ program.Group = (*Mesh)(nil)

// patience is how long ranks wait for each other to begin.
const patience = time.Minute

// Join makes a rank's mesh. All ranks name the same folder, where their sockets
// are: each listens to those with higher numbers and calls those with lower ones.
func Join(dir string, rank, ranks int) (*Mesh, error) {
	m := &Mesh{rank: rank, peers: make([]net.Conn, ranks)}
	at := func(r int) string { return filepath.Join(dir, strconv.Itoa(r)) }
	fail := func(err error) (*Mesh, error) {
		m.Close()
		return nil, fmt.Errorf("rank %d of %d: joining the others: %w", rank, ranks, err)
	}
	l, err := net.Listen("unix", at(rank))
	if err != nil {
		return fail(err)
	}
	defer l.Close()
	end := time.Now().Add(patience)
	for r := range rank {
		for m.peers[r] == nil {
			c, err := net.Dial("unix", at(r))
			if err == nil {
				m.peers[r] = c
				_, err = c.Write([]byte{byte(rank)})
			} else if time.Now().Before(end) {
				time.Sleep(5 * time.Millisecond) // it does not listen yet
				continue
			}
			if err != nil {
				return fail(err)
			}
		}
	}
	if err := l.(*net.UnixListener).SetDeadline(end); err != nil {
		return fail(err)
	}
	for range ranks - 1 - rank {
		c, err := l.Accept()
		if err != nil {
			return fail(err)
		}
		who := make([]byte, 1)
		if _, err := io.ReadFull(c, who); err != nil {
			c.Close()
			return fail(err)
		}
		m.peers[who[0]] = c
	}
	return m, nil
}

// Rank is this rank's number.
func (m *Mesh) Rank() int { return m.rank }

// Ranks is how many there are.
func (m *Mesh) Ranks() int { return len(m.peers) }

// Close ends the connections; the other ranks' exchanges fail.
func (m *Mesh) Close() {
	for _, c := range m.peers {
		if c != nil {
			c.Close()
		}
	}
}

// errGone says that another rank has closed its connections.
var errGone = errors.New("another rank has ended")

// Exchange sends each rank its part and takes the parts for this one.
func (m *Mesh) Exchange(parts [][]byte) ([][]byte, error) {
	out := make([][]byte, len(m.peers))
	out[m.rank] = parts[m.rank]
	errs := make([]error, 2*len(m.peers))
	var wg sync.WaitGroup
	for r, c := range m.peers {
		if c == nil {
			continue
		}
		wg.Go(func() {
			head := binary.LittleEndian.AppendUint64(nil, uint64(len(parts[r])))
			buffers := net.Buffers{head, parts[r]}
			_, errs[2*r] = buffers.WriteTo(c)
		})
		wg.Go(func() {
			var head [8]byte
			if _, errs[2*r+1] = io.ReadFull(c, head[:]); errs[2*r+1] != nil {
				return
			}
			out[r] = make([]byte, binary.LittleEndian.Uint64(head[:]))
			_, errs[2*r+1] = io.ReadFull(c, out[r])
		})
	}
	wg.Wait()
	for i, err := range errs {
		if err != nil {
			return nil, fmt.Errorf("exchanging with rank %d: %w: %w", i/2, errGone, err)
		}
	}
	return out, nil
}
