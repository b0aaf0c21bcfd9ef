package device

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"

	"divvy/gpu/cpu"
	"divvy/gpu/cuda"
	"divvy/gpu/program"
	"divvy/gpu/ranks"
)

// RankCommand is the first argument of a process that is one of several; the kind
// of its device is the second. A program that opens such devices must hand it to
// Rank before anything else.
const RankCommand = "rank"

// start starts as many processes of this program as there are devices.
func start(s Spec) (program.Device, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return ranks.Start(len(s.Devices), func(rank int) *exec.Cmd {
		cmd := exec.Command(self, RankCommand, s.Kind, strconv.Itoa(s.Devices[rank]))
		cmd.Stderr = os.Stderr
		if s.Kind == "cuda" {
			cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%d", cuda.Visible, s.Devices[rank]))
		}
		return cmd
	})
}

// Rank is what such a process does, given the arguments behind RankCommand.
func Rank(ctx context.Context, args []string) error {
	if len(args) != 2 {
		return fmt.Errorf("%s: %q; it is started by a device of several processes, with a kind and a number", RankCommand, args)
	}
	switch args[0] {
	case "cpu":
		return ranks.Main(func(g program.Group) (program.Device, error) {
			return cpu.NewRank(max(1, runtime.GOMAXPROCS(0)/g.Ranks()), g), nil
		})
	case "cuda":
		return ranks.Main(func(g program.Group) (program.Device, error) {
			_, _, dir, _ := ranks.Place()
			return cuda.OpenRank(ctx, cuda.Among(), ranks.Folder(dir), g.Rank(), g.Ranks())
		})
	}
	return fmt.Errorf("%s: devices of kind %q are not run by several processes", RankCommand, args[0])
}
