package cpu

import (
	"os"
	"os/exec"
	"testing"

	"divvy/gpu/internal/simd"
)

// TestLevels runs the tables of products and operations again with fewer
// instructions than this processor has, each in a process of its own, as the
// kernels are chosen when it starts.
func TestLevels(t *testing.T) {
	const setting = "DIVVY_SIMD"
	if os.Getenv(setting) != "" {
		t.Log("one level was asked for")
		return
	}
	for _, level := range []string{"avx2", "portable"} {
		if level == simd.Level() || simd.Level() == "portable" {
			continue
		}
		t.Run(level, func(t *testing.T) {
			cmd := exec.Command(os.Args[0], "-test.run", "^(TestTable|TestProduct|TestWorkersAgree)$")
			cmd.Env = append(os.Environ(), setting+"="+level)
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}
