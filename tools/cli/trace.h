// --trace: the decrypted conversation in a file that only its owner can read. Secrets are struck out before they come
// here.
#pragma once

#include "client/session.h"

#include "io/unique_fd.h"

#include <chrono>
#include <memory>
#include <string>

namespace winrm::cli {

class trace_file final : public remote::trace_sink
{
public:
    /// Creates or empties the file, mode 0600.  @errors bad_argument
    [[nodiscard]] static result<std::unique_ptr<trace_file>> open(const std::string& path);
    void message(char direction, int connection, base::bytes_view head, base::bytes_view body) override;
    void note(int connection, base::bytes_view text) override;

private:
    trace_file(std::string path, io::unique_fd fd) : path_(std::move(path)), fd_(std::move(fd)) {}
    std::string stamp(int connection, char mark) const;
    void write(const std::string& text);
    std::string path_;
    io::unique_fd fd_;
    bool broken_ = false; ///< said so, and nothing more is written
    std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

} // namespace winrm::cli
