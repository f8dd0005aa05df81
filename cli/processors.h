/* Sharing processors with other programs. */
#ifndef CLI_PROCESSORS_H
#define CLI_PROCESSORS_H

/* For a command that computes for long: has idle threads sleep soon. Starts the program anew, with argv, if need be. */
void cli_share_processors(char **argv);

#endif
