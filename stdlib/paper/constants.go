package paper

// The diversity of prompts: d = |D|^p · r, with r the number of
// unique N-grams over that of all N-grams, |D| the number of prompts.
const (
	// DecayIndex is p.
	DecayIndex = 0.5
	// NGram is N.
	NGram = 2
	// DiversityMaxTokens is the number of token ids of a prompt, the BOS among
	// them, that its N-grams are taken from (official code).
	DiversityMaxTokens = 512
)

// Seeds of the experiments; the first also shuffles the prompts and samples the
// responses.
const (
	Seed1 = 42
	Seed2 = 43
	Seed3 = 44
)

// The two reward models, by their names on the Hugging Face hub.
const (
	// RewardModelTrain ranks the training responses and selects the checkpoint.
	RewardModelTrain = "OpenAssistant/oasst-rm-2.1-pythia-1.4b-epoch-2.5"
	// RewardModelTest evaluates; a score is the mean sigmoid of its logits.
	RewardModelTest = "OpenAssistant/oasst-rm-2-pythia-6.9b-epoch-1"
	// RewardMaxTokens bounds their input, which loses its left end.
	RewardMaxTokens = 1024
)

// Training (paper and official code).
const (
	LearningRateOPT   = 2e-5 // OPT-1.3B, constant
	LearningRateLLaMA = 5e-6 // LLaMA-7B, constant
	AdamBeta1         = 0.9
	AdamBeta2         = 0.999
	AdamEpsilon       = 1e-8
	WeightDecay       = 0.01
	GradientClip      = 1.0  // of the global norm
	GlobalBatch       = 112  // rankings a step
	Steps             = 4000 // for every number of prompts
	EvalEvery         = 500  // steps between evaluations on the dev set
	DevPrompts        = 280
	MaxTokens         = 512 // of prompt and response
	MaxPromptTokens   = 384 // of the prompt, which loses its left end
	MaxNewTokens      = 128 // generated, greedily
)

// PRO's loss adds PROSFTWeight · (K-1)² times the SFT loss to the ranking loss
// of K responses; PROEpsilon keeps its logarithm finite.
const (
	PROSFTWeight = 0.05
	PROEpsilon   = 1e-10
)

// The mean squared errors printed in Figure 4: residuals of one least-squares
// line a ranking, squared, pooled over the 24 points of the panel.
const (
	MSE4a = 1.23e-4 // PRO against the number of prompts
	MSE4c = 2.58e-5 // PRO against diversity
	MSE4d = 9.33e-6 // SFT against diversity
)

// Sizes gives the numbers of prompts of the nested subsets, in rising order.
func Sizes() []int { return []int{1500, 2000, 3000, 6000, 12000, 16000, 24000, 36000} }

// Rankings gives the numbers of responses a prompt.
func Rankings() []int { return []int{2, 3, 4} }

// Budgets gives the N at which Table 1 compares rankings of equal annotation
// cost, 2N responses.
func Budgets() []int { return []int{3000, 24000} }

// Stops gives the texts before which a generated answer is cut (official code).
func Stops() []string { return []string{"Human:", "human:", "Assistant:", "assistant:"} }

// Seeds gives the seeds of the three runs.
func Seeds() []int64 { return []int64{Seed1, Seed2, Seed3} }
