// The user at the terminal, asked for what a script wants: lines, secrets, credentials, choices.
#pragma once

#include "cli/bounded_wait.h"

#include "base/secret.h"

#include <winrm/result.h>

#include <string>

namespace winrm::cli {

class terminal_user
{
public:
    /// @return nullopt-like error where there is no terminal: no_terminal()
    [[nodiscard]] result<std::string> line(const std::string& prompt);
    [[nodiscard]] result<base::secret> hidden_line(const std::string& prompt);
    void tell(const std::string& text);
    /// The signal that ended the latest question, 0 = none.
    [[nodiscard]] int caught() const noexcept { return caught_; }

private:
    [[nodiscard]] result<base::secret> ask(const std::string& prompt, bool echo);
    int caught_ = 0;
};

} // namespace winrm::cli
