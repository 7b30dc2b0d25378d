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
    /// Environment variable with the folder of another libtorch of the same version, e.g. one with CUDA that the machine
    /// has; its libraries are taken instead of those that the program carries.
    /// </summary>
    public const string OwnLibtorch = "INVERSESCOPE_LIBTORCH";

    /// <summary>
    /// Dependencies first: the loader takes a library that is already loaded under the same name, wherever it came
    /// from, so that each of these finds its own.
    /// </summary>
    private static readonly string[] LibrariesInOrder =
        ["libc10.so", "libtorch_cpu.so", "libtorch.so"];

    private const string Cpu = "cpu";
    private const string Cuda = "cuda";
    private const string Binding = "libLibTorchSharp.so";

    /// <summary>Loads libtorch, unless it is loaded. Takes about a second the first time.</summary>
    /// <exception cref="BadInputException">This machine cannot load it; names the cause and the cure.</exception>
    public static void Load()
    {
        var folder = NativeFolder();
        if (folder is not null)
        {
            var own = Environment.GetEnvironmentVariable(OwnLibtorch);
            foreach (var library in LibrariesInOrder)
                LoadLibrary(Path.Combine(string.IsNullOrEmpty(own) ? folder : own, library));
            LoadLibrary(Path.Combine(folder, Binding));
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

    /// <summary>All devices that can be computed on: <c>cpu</c>, then <c>cuda:0</c> and so on. Loads libtorch.</summary>
    /// <exception cref="BadInputException">libtorch cannot be loaded.</exception>
    public static IReadOnlyList<string> Devices()
    {
        Load();
        return [Cpu, .. Enumerable.Range(0, torch.cuda.is_available() ? torch.cuda.device_count() : 0).Select(i => $"{Cuda}:{i}")];
    }

    /// <param name="device"><c>cpu</c>, <c>cuda</c> for the first GPU, or <c>cuda:1</c> and so on.</param>
    /// <exception cref="BadInputException">There is no such device, or libtorch was built without it; names the cure.</exception>
    internal static void CheckDevice(string device)
    {
        if (device == Cpu)
            return;
        var devices = Devices();
        if (devices.Contains(device == Cuda ? $"{Cuda}:0" : device))
            return;
        throw devices.Count > 1
            ? new BadInputException($"There is no device '{device}' here.", $"Choose one of {string.Join(", ", devices)}.")
            : new BadInputException(
                $"There is no device '{device}' here: this program's libtorch was built without CUDA, or finds no GPU of NVIDIA's.",
                $"Leave --device out to compute on {Cpu}. With a GPU, build with -p:Torch=cuda, or set {OwnLibtorch} to the folder "
                + "'lib' of a libtorch 2.10 with CUDA.");
    }

    /// <summary>Sets how many threads one tensor operation may use; for the calling thread and threads made later.</summary>
    internal static void SetThreads(int threads) => torch.set_num_threads(threads);

    /// <summary>The folder with this program's native libraries, or null if it carries none (another platform).</summary>
    private static string? NativeFolder()
    {
        var root = AppContext.BaseDirectory;
        return new[] { Path.Combine(root, "runtimes", RuntimeInformation.RuntimeIdentifier, "native"), root }
            .FirstOrDefault(folder => File.Exists(Path.Combine(folder, Binding)));
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
                $"Build again with ./inversescope, or check the folder that {OwnLibtorch} names; ./inversescope doctor says more.",
                failure);
    }

    // The loader says: version `GLIBCXX_3.4.32' not found (required by …).
    [GeneratedRegex("version [`']((?:GLIBCXX|GLIBC|CXXABI)_[0-9.]+)' not found")]
    private static partial Regex MissingSymbolVersion();
}
