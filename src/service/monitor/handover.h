// Arguments for a child that executes our own program again, in a memfd. Through that exec it has nothing of the
// monitor's memory (keys, passwords of others) or environment, whatever PAM modules run in it.
#pragma once

#include "base/secret.h"
#include "io/unique_fd.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace winrm::service::monitor {

/// argv[0] selects what our program does.
inline constexpr const char *session_role = "winrmd-session", *login_role = "winrmd-login";
/// Descriptors of such a child.
inline constexpr int role_control = 3, role_words = 4;

/// A list of words, each preceded by its length; wiped in the end.
class handover
{
public:
    void add(std::string_view word);
    void add(std::uint64_t number);
    /// @return empty: no resources.
    [[nodiscard]] io::unique_fd descriptor() const;
    handover() = default;
    ~handover();
    handover(const handover&) = delete;
    handover& operator=(const handover&) = delete;

private:
    std::string words_;
};

/// The reader. After the first word that is missing, or not a number where one is expected, everything fails.
class taken_over
{
public:
    /// Reads all and closes it.
    explicit taken_over(int fd);
    ~taken_over();
    taken_over(const taken_over&) = delete;
    taken_over& operator=(const taken_over&) = delete;
    [[nodiscard]] std::string word();
    [[nodiscard]] std::uint64_t number();
    /// All words were read without failure.
    [[nodiscard]] bool complete() const noexcept { return valid_ && at_ == words_.size(); }
    [[nodiscard]] bool good() const noexcept { return valid_; }

private:
    std::string words_;
    std::size_t at_ = 0;
    bool valid_ = true;
};

/// In a child of fork: executes our own program as `role`, with two descriptors, the log, and an environment of PATH
/// and LANG. Signal dispositions are unchanged.
[[noreturn]] void become_role(const char* role, int control, int words);

} // namespace winrm::service::monitor
