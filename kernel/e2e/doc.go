// Package e2e tests Divvy as an analyst meets it: built and registered by the
// real installer, driven by the real front ends. It holds tests only.
//
// Each Python file in testdata is a unittest module for one front end. A Go
// test runs it in the pinned environment of divvy/install/pyenv, and each of
// its tests is reported as a subtest, so that
//
//	go test ./kernel/e2e -v -run TestProtocol/Protocol/test_history
//
// names what one wants to see. Nothing here imports the kernel's packages: what
// cannot be seen from outside the process is tested beside its own code.
package e2e
