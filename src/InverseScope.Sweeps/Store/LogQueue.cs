using System.Reflection;
using LiteDB;

namespace InverseScope.Sweeps.Store;

/// <summary>
/// The thread by which LiteDB writes its log. LiteDB calls committed what that thread has yet to write: whoever wants to know whether it is written
/// waits for the thread. LiteDB does so itself before checkpoints, and shows it to nobody.
/// </summary>
internal sealed class LogQueue
{
    private const BindingFlags Hidden = BindingFlags.Instance | BindingFlags.NonPublic | BindingFlags.Public;

    private readonly ManualResetEventSlim _isEmpty;

    private LogQueue(ManualResetEventSlim isEmpty) => _isEmpty = isEmpty;

    /// <exception cref="MissingMemberException">LiteDB is not the version that this was made for.</exception>
    public static LogQueue Of(LiteDatabase database)
    {
        var disk = Member(Member(database, "_engine"), "_disk");
        var queue = Member(Member(disk, "Queue"), "Value");
        return new LogQueue((ManualResetEventSlim)Member(queue, "_queueIsEmpty"));
    }

    /// <summary>Waits until all that is committed was handed to the log.</summary>
    public void Wait() => _isEmpty.Wait();

    private static object Member(object owner, string name) =>
        (owner.GetType().GetField(name, Hidden)?.GetValue(owner) ?? owner.GetType().GetProperty(name, Hidden)?.GetValue(owner)) ?? throw Missing(owner, name);

    private static MissingMemberException Missing(object owner, string name) => new(owner.GetType().FullName, name);
}
