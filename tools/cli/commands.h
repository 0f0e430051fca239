// The subcommands: each takes its options and returns the exit status.
#pragma once

#include "cli/options.h"

namespace winrm::cli {

int run_command(const options& o);
int identify_command(const options& o);
int ps_command(const options& o);
int psrp_command(const options& o);
int shells_command(const options& o);
int explain_command(const options& o);
int config_show_command(const options& o);
int clixml_command(const options& o);

/// Notes the descriptors above 2 that the program was started with. The process that cleans up in the background closes
/// them, or a caller that waits for the end of such a pipe would wait for it. Call first thing.
void remember_inherited_files();
void close_inherited_files();

} // namespace winrm::cli
