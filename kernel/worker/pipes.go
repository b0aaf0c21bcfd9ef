package worker

import "os"

// pipes are the four pipes between a supervisor and a worker.
type pipes struct {
	toChild, fromChild, stdout, stderr          *os.File // the supervisor's ends
	childIn, childOut, childStdout, childStderr *os.File // the worker's
}

func newPipes() (*pipes, error) {
	var p pipes
	for _, ends := range []struct{ r, w **os.File }{
		{&p.childIn, &p.toChild},
		{&p.fromChild, &p.childOut},
		{&p.stdout, &p.childStdout},
		{&p.stderr, &p.childStderr},
	} {
		var err error
		if *ends.r, *ends.w, err = os.Pipe(); err != nil {
			p.close()
			return nil, err
		}
	}
	return &p, nil
}

// closeChilds closes the worker's ends, of which it has its own copies.
func (p *pipes) closeChilds() {
	for _, f := range []*os.File{p.childIn, p.childOut, p.childStdout, p.childStderr} {
		f.Close()
	}
}

// close closes all that is open.
func (p *pipes) close() {
	p.closeChilds() // closing twice, or what was never opened, is an error without effect
	for _, f := range []*os.File{p.toChild, p.fromChild, p.stdout, p.stderr} {
		f.Close()
	}
}
