// Package paper holds what Song et al., "Scaling Data Diversity for Fine-Tuning
// Language Models in Human Alignment" (LREC-COLING 2024, arXiv 2403.11124)
// published: the numbers of Table 1 and Figure 4 as data, and the constants of
// its method and its experiments.
//
// Each such number has its place here and nowhere else in the project. What the
// paper does not say is not here either: the numbers of its Figures 2, 3 and 5,
// standard deviations, and whether rewards are averages over the three seeds
// are not known.
//
// # Sources
//
// Table 1 was typed from the paper. The points of Figure 4 were read off the
// vector graphics of its panels (data/fig4?.csv); where Table 1 prints the same
// number with more certainty, at every size but 6000 and 36000, Reward is
// Table 1's. Diversity was read from panels (b), (c) and (d) alike and agrees
// to four digits.
//
// The package knows tables (arrowio) and nothing else of the project.
package paper
