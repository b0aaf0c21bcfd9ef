//go:build unix

package worker

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"syscall"
	"time"
)

// die ends the process in the way that a cell named. All of these are real.
func die(how, arg string) {
	switch how {
	case "exit":
		n, _ := strconv.Atoi(arg)
		os.Exit(n)
	case "overflow":
		fmt.Println(recurse(1))
	case "maps":
		m := map[int]int{}
		for range 4 {
			go func() {
				for i := 0; ; i++ {
					m[i%10] = i
				}
			}()
		}
		time.Sleep(10 * time.Second)
	case "gopanic":
		go func() { panic(arg) }()
		time.Sleep(10 * time.Second)
	case "latepanic":
		go func() { time.Sleep(50 * time.Millisecond); panic(arg) }()
	case "nilpanic":
		go func() { var p *int; *p = 1 }()
		time.Sleep(10 * time.Second)
	case "signal":
		n, _ := strconv.Atoi(arg)
		syscall.Kill(os.Getpid(), syscall.Signal(n))
		time.Sleep(10 * time.Second)
	case "alloc": // more than any machine has
		grown = append(grown, make([]byte, 1<<46))
	case "grow": // until the out-of-memory killer strikes
		for {
			b := make([]byte, 16<<20)
			for i := 0; i < len(b); i += 4096 {
				b[i] = 1
			}
			grown = append(grown, b)
		}
	case "holdpipe": // a copy of the process, made by fork, would hold its descriptors
		for _, fd := range []uintptr{1, childOut} {
			syscall.Syscall(syscall.SYS_FCNTL, fd, syscall.F_SETFD, 0)
		}
		cmd := exec.Command("sleep", arg)
		cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
		cmd.Stdout = os.Stdout
		cmd.Start()
		os.Exit(5)
	case "closepipe": // a cell that closes descriptors at random
		syscall.Close(childOut)
		time.Sleep(10 * time.Second)
	case "garbage": // a cell that writes to descriptors at random
		syscall.Write(childOut, []byte("this is no frame, it is text that went astray"))
		time.Sleep(10 * time.Second)
	default:
		panic("no such verb: " + how)
	}
}

//go:noinline
func recurse(n int) int { return recurse(n+1) + n }

func collectGarbage() {
	runtime.GC()
	time.Sleep(10 * time.Millisecond)
}
