// The subcommands: each takes its options and returns the exit status.
#pragma once

#include "winrm/options.h"

namespace winrm::cli {

int run_command(const options& o);
int identify_command(const options& o);
int shells_command(const options& o);
int explain_command(const options& o);
int config_show_command(const options& o);

/// Descriptors above 2 that the program was started with: the process that cleans up in the background must let go of
/// them, or whoever waits for their end would wait for it. Call first thing.
void remember_inherited_files();
void close_inherited_files();

} // namespace winrm::cli
