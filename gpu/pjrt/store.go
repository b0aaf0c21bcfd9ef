package pjrt

import (
	"sync"
	"time"
	"unsafe"
)

// Store is where processes whose clients form one, a device or a few in each,
// leave what the others need to know, such as where NCCL finds them.
type Store interface {
	Put(key string, value []byte) error
	// Get waits for a value that another process may not have put yet.
	Get(key string, wait time.Duration) ([]byte, error)
}

// The codes with which a store's failures are handed to a plug-in.
const (
	deadlineExceeded = 4
	internal         = 13
)

// shared is a store as a plug-in calls it.
type shared struct {
	store Store
	mu    sync.Mutex
	lent  map[uintptr][]byte // values that the plug-in has not copied yet
}

// install puts the callbacks into the arguments of the client's making:
//
//	PJRT_Client_Create_Args        4: get, 6: put
//	PJRT_KeyValueGetCallback_Args  2: key, 3: its size, 4: milliseconds, 5: the maker of errors, 7: value, 8: its size, 9: its end
//	PJRT_KeyValuePutCallback_Args  2: key, 3: its size, 4: value, 5: its size, 6: the maker of errors
//
// The plug-in calls them on threads of its own. They live as long as the process.
func (s *shared) install(a *args) {
	s.lent = map[uintptr][]byte{}
	end := callback(func(value uintptr) uintptr {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.lent, value)
		return 0
	})
	a[4] = uint64(callback(func(at uintptr) uintptr {
		g := (*[10]uint64)(pointer(uint64(at)))
		value, err := s.store.Get(str(g[2], g[3]), time.Duration(int32(g[4]))*time.Millisecond)
		if err != nil {
			return fail(g[5], deadlineExceeded, err)
		}
		value = append(value, 0) // never empty: it has an address
		where := uintptr(unsafe.Pointer(&value[0]))
		s.mu.Lock()
		defer s.mu.Unlock()
		s.lent[where] = value
		g[7], g[8], g[9] = uint64(where), uint64(len(value)-1), uint64(end)
		return 0
	}))
	a[6] = uint64(callback(func(at uintptr) uintptr {
		p := (*[8]uint64)(pointer(uint64(at)))
		if err := s.store.Put(str(p[2], p[3]), []byte(str(p[4], p[5]))); err != nil {
			return fail(p[6], internal, err)
		}
		return 0
	}))
}

// fail makes an error of the plug-in's.
func fail(maker uint64, code uintptr, err error) uintptr {
	text := append([]byte(err.Error()), 0)
	function := *(*uintptr)(pointer(maker))
	return call(function, code, uintptr(unsafe.Pointer(&text[0])), uintptr(len(text)-1))
}
