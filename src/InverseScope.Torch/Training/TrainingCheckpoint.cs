using System.Globalization;
using InverseScope.Core;
using InverseScope.Torch.Safetensors;
using static TorchSharp.torch;

namespace InverseScope.Torch.Training;

/// <summary>
/// The state of an unfinished training, one safetensors file beside the model to be: weights, both moments, how many steps
/// were made, and what else the training has to remember. It belongs to one task, vocabulary and set of options.
/// </summary>
internal sealed class TrainingCheckpoint
{
    private const string FileName = "unfinished.safetensors";
    private const string LockName = "training.lock";
    private const string MemoryKey = "memory";
    private const string StepKey = "step";
    private const string IdentityKey = "training";
    private const string CommandKey = "command";
    private readonly string _path;
    private readonly string _identity;
    private readonly string _command;

    /// <param name="identity">Hash of all that decides the training's course.</param>
    /// <param name="command">Command line of the training, to tell whoever comes with other options.</param>
    public TrainingCheckpoint(string folder, string identity, string command) =>
        (_path, _identity, _command) = (Path.Combine(folder, FileName), identity, command);

    /// <summary>Whether a folder holds the state of an unfinished training.</summary>
    public static bool IsIn(string folder) => File.Exists(Path.Combine(folder, FileName));

    /// <summary>Makes the folder of a training, if it is not there, and keeps other trainings out of it until disposed.</summary>
    /// <exception cref="BadInputException">It cannot be made, or another training is at work in it.</exception>
    public static IDisposable Enter(string folder)
    {
        try
        {
            Directory.CreateDirectory(folder);
            return new FileStream(
                Path.Combine(folder, LockName), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 1, FileOptions.DeleteOnClose);
        }
        catch (IOException e) when (File.Exists(Path.Combine(folder, LockName)))
        {
            throw new BadInputException($"Another training is at work in '{folder}'.", "Let it end, or choose another folder or name.", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new BadInputException($"The folder '{folder}' cannot be made: {e.Message}", inner: e);
        }
    }

    /// <summary>Writes the state after a step.</summary>
    /// <param name="state">float32.</param>
    /// <param name="memory">Given back by <see cref="Restore"/>.</param>
    public void Save(IEnumerable<(string Name, Tensor Values)> state, int step, string memory = "")
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        var tensors = state.ToList();
        using var writer = new SafetensorsWriter(
            _path,
            tensors.Select(t => (t.Name, DType.F32, (IReadOnlyList<long>)t.Values.shape)),
            new Dictionary<string, string>
            {
                [IdentityKey] = _identity,
                [CommandKey] = _command,
                [StepKey] = step.ToString(CultureInfo.InvariantCulture),
                [MemoryKey] = memory,
            });
        foreach (var (name, values) in tensors)
            writer.Write<byte>(name, 0, values.cpu().contiguous().bytes);
        writer.Commit();
    }

    /// <summary>Restores the state, if there is one.</summary>
    /// <returns>Steps made, 0 if there is none; and the memory.</returns>
    /// <exception cref="BadInputException">It is of another training, or damaged.</exception>
    public (int Step, string Memory) Restore(IEnumerable<(string Name, Tensor Values)> state)
    {
        if (!File.Exists(_path))
            return (0, "");
        using var file = Open();
        if (file.Metadata.GetValueOrDefault(IdentityKey) != _identity
            || !int.TryParse(file.Metadata.GetValueOrDefault(StepKey), NumberStyles.None, CultureInfo.InvariantCulture, out var step))
        {
            throw OfAnother(_path, file.Metadata.GetValueOrDefault(CommandKey), "delete it");
        }

        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        foreach (var (name, values) in state)
            values.copy_(tensor(file.ReadSingles(name), values.shape));
        return (step, file.Metadata.GetValueOrDefault(MemoryKey) ?? "");
    }

    /// <summary>What to say of a state that another training left.</summary>
    /// <param name="command">The command line that it came from; null if that is not known.</param>
    /// <param name="removal">How it can be done away with.</param>
    public static BadInputException OfAnother(string path, string? command, string removal) => new(
        $"{path} is of a training with other options, of another task, or of another version of this program.",
        $"{(command is null ? "The command that began it goes on with it, by that version" : $"Begun by: {command}\nThat command goes on with it, by the same version")} of this program; or {removal}, or choose another folder.");

    private SafetensorsFile Open()
    {
        try
        {
            return SafetensorsFile.Open(_path);
        }
        catch (BadInputException e) when (e.InnerException is not (IOException or UnauthorizedAccessException))
        {
            throw new BadInputException(e.What, "Delete it, and run the command again: what it holds of the training is lost.", e);
        }
    }

    /// <summary>Removes the state, after the training is finished.</summary>
    public void Delete() => File.Delete(_path);
}
