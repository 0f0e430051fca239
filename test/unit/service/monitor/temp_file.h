#pragma once

#include <cstdlib>
#include <fstream>
#include <string>
#include <sys/stat.h>
#include <unistd.h>

/// A file in a folder of its own; both go with this object.
class temp_file
{
public:
    explicit temp_file(const std::string& text, mode_t mode = 0600)
    {
        std::string name = "/tmp/winrmd-unit-XXXXXX";
        if (::mkdtemp(name.data()) == nullptr) std::abort();
        folder_ = name;
        std::ofstream{path()} << text;
        ::chmod(path().c_str(), mode);
    }
    temp_file(const temp_file&) = delete;
    temp_file& operator=(const temp_file&) = delete;
    ~temp_file()
    {
        ::unlink(path().c_str());
        ::rmdir(folder_.c_str());
    }
    [[nodiscard]] std::string path() const { return folder_ + "/file"; }
    [[nodiscard]] const std::string& folder() const { return folder_; }

private:
    std::string folder_;
};
