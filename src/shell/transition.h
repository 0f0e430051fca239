// Look-up in a table of transitions, for the tables of this folder.
#pragma once

#include "base/transition.h"

namespace winrm::shell {

using base::find_transition;
using base::take_transition;

} // namespace winrm::shell
