using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using InverseScope.Core;
using TorchSharp;

namespace InverseScope.Torch.Runtime;

/// <summary>
/// Loads the libtorch that this program carries. TorchSharp alone would let the system loader look for it by name, and
/// a libtorch of another version on <c>LD_LIBRARY_PATH</c> or in a system folder would be taken instead.
/// </summary>
public static partial class TorchRuntime
{
    /// <summary>
    /// Dependencies first: the loader takes a library that is already loaded under the same name, wherever it came
    /// from, so that each of these finds its own.
    /// </summary>
    private static readonly string[] LibrariesInOrder =
        ["libc10.so", "libtorch_cpu.so", "libtorch.so", "libLibTorchSharp.so"];

    /// <summary>Loads libtorch, unless it is loaded. Takes about a second the first time.</summary>
    /// <exception cref="BadInputException">This machine cannot load it; names the cause and the cure.</exception>
    public static void Load()
    {
        var folder = NativeFolder();
        if (folder is not null)
        {
            foreach (var library in LibrariesInOrder)
                LoadLibrary(Path.Combine(folder, library));
        }

        try
        {
            torch.InitializeDeviceType(DeviceType.CPU);
        }
        catch (Exception e) when (e is NotSupportedException or DllNotFoundException or TypeInitializationException)
        {
            throw new BadInputException(
                $"libtorch cannot be loaded on this machine: {e.GetBaseException().Message}",
                "Run ./inversescope doctor, or build again with ./inversescope.",
                e);
        }
    }

    /// <summary>Sets how many threads one tensor operation may use; for the calling thread and threads made later.</summary>
    internal static void SetThreads(int threads) => torch.set_num_threads(threads);

    /// <summary>The folder with this program's native libraries, or null if it carries none (another platform).</summary>
    private static string? NativeFolder()
    {
        var root = AppContext.BaseDirectory;
        return new[] { Path.Combine(root, "runtimes", RuntimeInformation.RuntimeIdentifier, "native"), root }
            .FirstOrDefault(folder => File.Exists(Path.Combine(folder, "libLibTorchSharp.so")));
    }

    private static void LoadLibrary(string path)
    {
        try
        {
            NativeLibrary.Load(path);
        }
        catch (DllNotFoundException e)
        {
            throw Explain(path, e);
        }
    }

    /// <summary>What a failure to load a library means for the user.</summary>
    internal static BadInputException Explain(string path, DllNotFoundException failure)
    {
        var missing = MissingSymbolVersion().Match(failure.Message);
        return missing.Success
            ? new BadInputException(
                $"The C++ library of this machine is too old for libtorch: it lacks {missing.Groups[1].Value}.",
                "Use Debian 13, Ubuntu 24.04 or newer, or the container; as root on Debian 12, ./inversescope installs a "
                + "newer libstdc++6.",
                failure)
            : new BadInputException(
                $"{path} cannot be loaded: {failure.Message}",
                "Build again with ./inversescope; ./inversescope doctor says more.",
                failure);
    }

    // The loader says: version `GLIBCXX_3.4.32' not found (required by …).
    [GeneratedRegex("version [`']((?:GLIBCXX|GLIBC|CXXABI)_[0-9.]+)' not found")]
    private static partial Regex MissingSymbolVersion();
}
